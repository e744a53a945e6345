// The plan and the app. Its settings are those that the README of the project lists.
@description('What makes names unique.')
param token string

@description('The Azure region.')
param location string

@description('Tags of the resources.')
param tags object

@description('The identity that the app is.')
param identityId string

@description('Its client id.')
param identityClientId string

@description('The subnet through which the app reaches Sense.')
param appSubnetId string

@description('The account of the host.')
param hostStorageName string

@description('Where the package of the app stands.')
param packageContainerUrl string

@description('The address of Table storage.')
param tableUrl string

@description('The address of the vault, with a slash at its end.')
param vaultUrl string

@description('Where the log goes; no secret, as keys are not accepted.')
param insightsConnection string

@description('Memory of an instance in MB.')
param instanceMemoryMB int

@description('How many instances there may be.')
param maximumInstanceCount int

@description('How many instances are always ready for the tick.')
param tickAlwaysReady int

@description('The application that Entra ID accepts tokens for; empty for none.')
param entraClientId string

@description('Whether a token is enough, without a function key.')
param entraAlone bool

@description('Where Sense answers.')
param qrsUrl string

@description('How Sense knows Footman: certificate or jwt.')
param qrsAccess string

@description('Whether the vault holds the root certificate of the site.')
param trustSiteRoot bool

@description('The directory of the Sense user that Footman acts as.')
param qrsUserDirectory string

@description('The id of the Sense user that Footman acts as.')
param qrsUserId string

@description('The name on the certificate of Sense.')
param qrsTlsServerName string

@description('The only certificate of Sense that is accepted.')
param qrsTlsFingerprint string

@description('How many seconds to wait for an answer of Sense.')
param qrsTimeoutSeconds int

@description('How many connections each instance may have to Sense.')
param qrsMaxConnections int

@description('What may be started, as JSON.')
param startTaskFilter string

@description('Who may call, and what they may do, as JSON; empty for whoever has a function key.')
param callers string

@description('How late an occurrence of a schedule may still be started, in seconds.')
param scheduleCatchUpSeconds int

@description('How many rows of history each schedule keeps.')
param runHistoryRows int

@description('For how many days a deleted schedule can be restored.')
param deletedDays int

@description('Whether the name of the server may be a common name.')
param qrsTlsCommonName bool

@description('Whether a POST may name another method in X-HTTP-Method-Override.')
param httpMethodOverride bool

@description('For how many days it is kept who changed and who started what.')
param auditDays int

@description('In which forms schedules are answered: seeds or current.')
param butlerAnswers string

var hasCertificate = qrsAccess == 'certificate'
var asksEntra = !empty(entraClientId)
// Open only behind a door that is shut: without the token of Entra ID nobody gets as far as the app.
var authLevel = asksEntra && entraAlone ? 'ANONYMOUS' : 'FUNCTION'

// Without a version, and with a slash at the end: a new one is read within a day, or at a restart.
func secret(vault string, name string) string => '@Microsoft.KeyVault(SecretUri=${vault}secrets/${name}/)'

resource plan 'Microsoft.Web/serverfarms@2024-04-01' = {
  // checkov:skip=CKV_AZURE_212: Flex Consumption adds instances itself
  // checkov:skip=CKV_AZURE_225: instances of Flex Consumption may be in several zones only when several are always ready
  name: 'plan-footman-${token}'
  location: location
  tags: tags
  kind: 'functionapp'
  sku: { name: 'FC1', tier: 'FlexConsumption' }
  properties: { reserved: true }
}

resource app 'Microsoft.Web/sites@2024-04-01' = {
  // checkov:skip=CKV_AZURE_212: as for the plan
  // checkov:skip=CKV_AZURE_17: callers have keys, not certificates
  // checkov:skip=CKV_AZURE_222: callers come from outside; keys and, by parameter, Entra ID guard the door
  // checkov:skip=CKV_AZURE_13: by the parameter entraClientId
  // checkov:skip=CKV_AZURE_213: Flex Consumption has no health check path; alerts watch the tick instead
  // checkov:skip=CKV_AZURE_153: Flex Consumption has no slots
  name: 'func-footman-${token}'
  location: location
  // azd finds the app to deploy to by this tag.
  tags: union(tags, { 'azd-service-name': 'api' })
  kind: 'functionapp,linux'
  identity: { type: 'UserAssigned', userAssignedIdentities: { '${identityId}': {} } }
  properties: {
    serverFarmId: plan.id
    httpsOnly: true
    keyVaultReferenceIdentity: identityId
    virtualNetworkSubnetId: appSubnetId
    clientAffinityEnabled: false
    functionAppConfig: {
      deployment: {
        storage: {
          type: 'blobContainer'
          value: packageContainerUrl
          authentication: { type: 'UserAssignedIdentity', userAssignedIdentityResourceId: identityId }
        }
      }
      runtime: { name: 'python', version: '3.13' }
      scaleAndConcurrency: {
        instanceMemoryMB: instanceMemoryMB
        maximumInstanceCount: maximumInstanceCount
        alwaysReady: tickAlwaysReady > 0 ? [{ name: 'function:tick', instanceCount: tickAlwaysReady }] : []
      }
    }
    siteConfig: {
      minTlsVersion: '1.2'
      scmMinTlsVersion: '1.2'
      ftpsState: 'Disabled'
      http20Enabled: true
      remoteDebuggingEnabled: false
    }
  }

  resource settings 'config' = {
    name: 'appsettings'
    properties: {
      AzureWebJobsStorage__accountName: hostStorageName
      AzureWebJobsStorage__credential: 'managedidentity'
      AzureWebJobsStorage__clientId: identityClientId
      AzureWebJobsDisableHomepage: 'true'
      APPLICATIONINSIGHTS_CONNECTION_STRING: insightsConnection
      APPLICATIONINSIGHTS_AUTHENTICATION_STRING: 'ClientId=${identityClientId};Authorization=AAD'
      // Calls wait for Sense and storage, not for the processor: the few threads of the default would leave connections idle.
      PYTHON_THREADPOOL_THREAD_COUNT: '32'
      HTTP_AUTH_LEVEL: authLevel
      STORAGE_TABLE_URL: tableUrl
      STORAGE_CLIENT_ID: identityClientId
      QRS_URL: qrsUrl
      QRS_CLIENT_CERTIFICATE: hasCertificate ? secret(vaultUrl, 'qrs-client-certificate') : ''
      QRS_CLIENT_KEY: hasCertificate ? secret(vaultUrl, 'qrs-client-key') : ''
      QRS_ROOT_CERTIFICATE: trustSiteRoot ? secret(vaultUrl, 'qrs-root-certificate') : ''
      QRS_JWT: hasCertificate ? '' : secret(vaultUrl, 'qrs-jwt')
      QRS_USER_DIRECTORY: qrsUserDirectory
      QRS_USER_ID: qrsUserId
      QRS_TLS_SERVER_NAME: qrsTlsServerName
      QRS_TLS_FINGERPRINT: qrsTlsFingerprint
      QRS_TLS_COMMON_NAME: string(qrsTlsCommonName)
      QRS_TIMEOUT_SECONDS: string(qrsTimeoutSeconds)
      QRS_MAX_CONNECTIONS: string(qrsMaxConnections)
      START_TASK_FILTER: startTaskFilter
      CALLERS: callers
      ENTRA_IN_FRONT: authLevel == 'ANONYMOUS' ? 'true' : ''
      SCHEDULE_CATCH_UP_SECONDS: string(scheduleCatchUpSeconds)
      RUN_HISTORY_ROWS: string(runHistoryRows)
      DELETED_DAYS: string(deletedDays)
      HTTP_METHOD_OVERRIDE: string(httpMethodOverride)
      AUDIT_DAYS: string(auditDays)
      BUTLER_ANSWERS: butlerAnswers
    }
  }

  resource noFtpPassword 'basicPublishingCredentialsPolicies' = {
    name: 'ftp'
    properties: { allow: false }
  }

  resource noScmPassword 'basicPublishingCredentialsPolicies' = {
    name: 'scm'
    properties: { allow: false }
  }

  resource door 'config' = if (asksEntra) {
    // These look for what belongs to the app itself, or to Windows:
    // checkov:skip=CKV_AZURE_13: this is it
    // checkov:skip=CKV_AZURE_63: requests stand in Application Insights
    // checkov:skip=CKV_AZURE_65: as CKV_AZURE_63
    // checkov:skip=CKV_AZURE_66: as CKV_AZURE_63
    // checkov:skip=CKV_AZURE_80: it runs Python
    // checkov:skip=CKV_AZURE_88: nothing is kept in files
    // checkov:skip=CKV_AZURE_222: as for the app
    name: 'authsettingsV2'
    properties: {
      platform: { enabled: true }
      globalValidation: {
        requireAuthentication: true
        unauthenticatedClientAction: 'Return401'
        // Monitors have no token; the answer names nobody and nothing.
        excludedPaths: ['/v4/health']
      }
      identityProviders: {
        azureActiveDirectory: {
          enabled: true
          registration: {
            clientId: entraClientId
            openIdIssuer: '${environment().authentication.loginEndpoint}${subscription().tenantId}/v2.0'
          }
          validation: { allowedAudiences: [entraClientId, 'api://${entraClientId}'] }
        }
      }
    }
  }
}

output name string = app.name
output url string = 'https://${app.properties.defaultHostName}'
