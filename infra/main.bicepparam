// What is asked of you. azd reads this file; without azd:
//   az deployment sub create --location REGION --parameters infra/main.bicepparam
// A value that readEnvironmentVariable names can be set with `azd env set NAME VALUE`.
using 'main.bicep'

param environmentName = readEnvironmentVariable('AZURE_ENV_NAME', 'footman')
param location = readEnvironmentVariable('AZURE_LOCATION', 'westeurope')
param alertEmail = readEnvironmentVariable('ALERT_EMAIL')
param administratorId = readEnvironmentVariable('AZURE_PRINCIPAL_ID', '')

// By certificate, port 4242; the three PEM files go into the vault, see README.md.
param qrsUrl = readEnvironmentVariable('QRS_URL')
param qrsAccess = readEnvironmentVariable('QRS_ACCESS', 'certificate')
// By a virtual proxy instead, port 443, with a certificate of a public authority:
// param qrsUrl = 'https://sense.example.com/jwt/qrs'
// param qrsAccess = 'jwt'
// param trustSiteRoot = false

// A Sense user with the few rights of docs/network.md is better than sa_repository:
// param qrsUserDirectory = 'FOOTMAN'
// param qrsUserId = 'starter'

// The certificate of Sense is made out to another name than the one in qrsUrl:
// param qrsTlsServerName = 'sense01'

// Only these may be started:
// param startTaskFilter = '{"tags": ["nightly"]}'

// Clients were made for Butler 11 or later:
// param butlerAnswers = 'current'

// A range that is free in the networks between Azure and Sense, and the DNS that knows Sense:
// param addressPrefix = '10.88.0.0/24'
// param dnsServers = ['10.0.0.4']

// Some 25 USD a month: storage and vault closed to all but the network.
// param privateEndpoints = true

// Some 5 to 10 USD a month: schedules on their second after quiet times too.
// param tickAlwaysReady = 1
