// All of Footman's Azure resources. `azd up` deploys this and then the code; see README.md beside this file.
targetScope = 'subscription'

@description('A short name for this installation, part of all names.')
@minLength(2)
@maxLength(16)
param environmentName string

@description('The Azure region, best the one nearest to Sense. It must offer Flex Consumption.')
param location string

@description('Where Sense answers: https://sense.example.com:4242/qrs, or https://sense.example.com/PREFIX/qrs with a JWT. Several nodes are comma separated.')
param qrsUrl string

@description('How Sense knows Footman: by the client certificate of the site (port 4242), or by a token at a virtual proxy (port 443).')
@allowed(['certificate', 'jwt'])
param qrsAccess string = 'certificate'

@description('Whether the vault holds the root certificate of the site. Set it to false when Sense shows a certificate of a public authority.')
param trustSiteRoot bool = true

@description('The directory of the Sense user that Footman acts as.')
param qrsUserDirectory string = 'INTERNAL'

@description('The id of the Sense user that Footman acts as. A user of its own with few rights is better than this one.')
param qrsUserId string = 'sa_repository'

@description('The name on the certificate of Sense, when it is called by another one.')
param qrsTlsServerName string = ''

@description('SHA-256 of the only certificate of Sense that is accepted; empty for any that is trusted.')
param qrsTlsFingerprint string = ''

@description('How many seconds to wait for an answer of Sense.')
@minValue(1)
@maxValue(40)
param qrsTimeoutSeconds int = 30

@description('How many connections each instance may have to Sense.')
@minValue(1)
@maxValue(100)
param qrsMaxConnections int = 16

@description('What may be started, as JSON; empty for everything. Ids, tags and custom properties, see the README of the project.')
param startTaskFilter string = ''

@description('Who may call, and what they may do, as JSON; empty for whoever has a function key. See docs/settings.md.')
param callers string = ''

@description('How late an occurrence of a schedule may still be started, in seconds.')
@minValue(0)
@maxValue(604800)
param scheduleCatchUpSeconds int = 3600

@description('How many rows of history each schedule keeps.')
@minValue(1)
@maxValue(100000)
param runHistoryRows int = 1000

@description('For how many days a deleted schedule can be restored.')
@minValue(0)
@maxValue(3650)
param deletedDays int = 30

@description('Whether the name of the server may be the common name of a certificate without alternative names, as on old sites.')
param qrsTlsCommonName bool = false

@description('Whether a POST may name another method in X-HTTP-Method-Override, as the REST connector of Qlik needs it.')
param httpMethodOverride bool = true

@description('For how many days it is kept who changed and who started what.')
@minValue(1)
@maxValue(3650)
param auditDays int = 365

@description('In which forms schedules are answered: seeds, as the documentation of Butler shows, or current, as Butler 11 and later answer.')
@allowed(['seeds', 'current'])
param butlerAnswers string = 'seeds'

@description('The client certificate of the site, client.pem. Empty leaves the secret as it is, to be set by hand.')
@secure()
param clientCertificate string = ''

@description('The key of the client certificate, client_key.pem. Empty leaves the secret as it is.')
@secure()
param clientKey string = ''

@description('The root certificate of the site, root.pem. Empty leaves the secret as it is.')
@secure()
param rootCertificate string = ''

@description('The token for a virtual proxy. Empty leaves the secret as it is.')
@secure()
param jwt string = ''

@description('The application (client) id that Entra ID accepts tokens for; empty for function keys alone.')
param entraClientId string = ''

@description('With entraClientId: ask for no function key beside the token. Check after deploying that a call without a token is refused.')
param entraAlone bool = false

@description('Memory of an instance in MB. Footman needs less than the smallest.')
@allowed([512, 2048, 4096])
param instanceMemoryMB int = 512

@description('How many instances there may be. Each may have qrsMaxConnections connections to Sense.')
@minValue(1)
@maxValue(100)
param maximumInstanceCount int = 4

@description('How many instances are always ready for the tick: 0 costs least, 1 starts schedules on their second after quiet times too.')
@minValue(0)
@maxValue(2)
param tickAlwaysReady int = 0

@description('The address range of the virtual network, 256 addresses or more, free in the networks that Sense is reached through.')
param addressPrefix string = '10.88.0.0/24'

@description('DNS servers of the virtual network that know the name of Sense; empty for those of Azure.')
param dnsServers array = []

@description('Close storage and vault to all but the virtual network, by private endpoints. They cost some 25 USD a month.')
param privateEndpoints bool = false

@description('The object id of who may set secrets in the vault; empty for nobody.')
param administratorId string = ''

@description('Who is told of alerts, an e-mail address.')
param alertEmail string

@description('How many days logs are kept.')
@minValue(30)
@maxValue(730)
param logDays int = 30

var token = toLower(uniqueString(subscription().id, environmentName, location))
var tags = { 'azd-env-name': environmentName, application: 'footman' }

resource group 'Microsoft.Resources/resourceGroups@2024-03-01' = {
  name: 'rg-${environmentName}'
  location: location
  tags: tags
}

module identity 'identity.bicep' = {
  name: 'identity'
  scope: group
  params: { name: 'id-footman-${token}', location: location, tags: tags }
}

module network 'network.bicep' = {
  name: 'network'
  scope: group
  params: {
    name: 'vnet-footman-${token}'
    location: location
    tags: tags
    addressPrefix: addressPrefix
    dnsServers: dnsServers
  }
}

module monitoring 'monitoring.bicep' = {
  name: 'monitoring'
  scope: group
  params: {
    token: token
    location: location
    tags: tags
    logDays: logDays
    publisherId: identity.outputs.principalId
  }
}

module storage 'storage.bicep' = {
  name: 'storage'
  scope: group
  params: {
    token: token
    location: location
    tags: tags
    isPrivate: privateEndpoints
    appSubnetId: network.outputs.appSubnetId
    workspaceId: monitoring.outputs.workspaceId
    appPrincipalId: identity.outputs.principalId
  }
}

module vault 'vault.bicep' = {
  name: 'vault'
  scope: group
  params: {
    name: 'kv-footman-${take(token, 12)}'
    location: location
    tags: tags
    isPrivate: privateEndpoints
    workspaceId: monitoring.outputs.workspaceId
    appPrincipalId: identity.outputs.principalId
    administratorId: administratorId
    clientCertificate: clientCertificate
    clientKey: clientKey
    rootCertificate: rootCertificate
    jwt: jwt
  }
}

module endpoints 'endpoints.bicep' = if (privateEndpoints) {
  name: 'endpoints'
  scope: group
  params: {
    token: token
    location: location
    tags: tags
    networkId: network.outputs.networkId
    subnetId: network.outputs.endpointSubnetId
    hostStorageId: storage.outputs.hostId
    dataStorageId: storage.outputs.dataId
    vaultId: vault.outputs.id
  }
}

module app 'app.bicep' = {
  name: 'app'
  scope: group
  // The package is fetched and the certificates are read through these.
  dependsOn: [endpoints]
  params: {
    token: token
    location: location
    tags: tags
    identityId: identity.outputs.id
    identityClientId: identity.outputs.clientId
    appSubnetId: network.outputs.appSubnetId
    hostStorageName: storage.outputs.hostName
    packageContainerUrl: storage.outputs.packageContainerUrl
    tableUrl: storage.outputs.tableUrl
    vaultUrl: vault.outputs.url
    insightsConnection: monitoring.outputs.insightsConnection
    instanceMemoryMB: instanceMemoryMB
    maximumInstanceCount: maximumInstanceCount
    tickAlwaysReady: tickAlwaysReady
    entraClientId: entraClientId
    entraAlone: entraAlone
    qrsUrl: qrsUrl
    qrsAccess: qrsAccess
    trustSiteRoot: trustSiteRoot
    qrsUserDirectory: qrsUserDirectory
    qrsUserId: qrsUserId
    qrsTlsServerName: qrsTlsServerName
    qrsTlsFingerprint: qrsTlsFingerprint
    qrsTimeoutSeconds: qrsTimeoutSeconds
    qrsMaxConnections: qrsMaxConnections
    startTaskFilter: startTaskFilter
    callers: callers
    scheduleCatchUpSeconds: scheduleCatchUpSeconds
    runHistoryRows: runHistoryRows
    deletedDays: deletedDays
    qrsTlsCommonName: qrsTlsCommonName
    httpMethodOverride: httpMethodOverride
    auditDays: auditDays
    butlerAnswers: butlerAnswers
  }
}

module alerts 'alerts.bicep' = {
  name: 'alerts'
  scope: group
  params: {
    location: location
    tags: tags
    insightsId: monitoring.outputs.insightsId
    alertEmail: alertEmail
  }
}

module workbook 'workbook.bicep' = {
  name: 'workbook'
  scope: group
  params: { location: location, tags: tags, insightsId: monitoring.outputs.insightsId }
}

output AZURE_RESOURCE_GROUP string = group.name
output AZURE_FUNCTION_APP_NAME string = app.outputs.name
output FOOTMAN_URL string = app.outputs.url
output AZURE_KEY_VAULT_NAME string = vault.outputs.name
output AZURE_DATA_STORAGE_NAME string = storage.outputs.dataName
