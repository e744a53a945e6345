// What lets Footman into Sense. The app reads it by reference; nobody else but those you name in the portal.
@description('The name of the vault, at most 24 characters.')
param name string

@description('The Azure region.')
param location string

@description('Tags of the resource.')
param tags object

@description('Whether only private endpoints reach the vault.')
param isPrivate bool

@description('The workspace that keeps who read what.')
param workspaceId string

@description('The principal of the app.')
param appPrincipalId string

@description('The object id of who may set secrets; empty for nobody.')
param administratorId string

@description('client.pem; empty leaves the secret as it is.')
@secure()
param clientCertificate string

@description('client_key.pem; empty leaves the secret as it is.')
@secure()
param clientKey string

@description('root.pem; empty leaves the secret as it is.')
@secure()
param rootCertificate string

@description('The token for a virtual proxy; empty leaves the secret as it is.')
@secure()
param jwt string

var secretsOfficer = 'b86a8fe4-44ce-4948-aee5-eccb2c155cd7'
var secretsUser = '4633458b-17de-408a-b874-0445c86b69e6'

resource vault 'Microsoft.KeyVault/vaults@2023-07-01' = {
  // checkov:skip=CKV_AZURE_109: references are resolved by the platform, from addresses of its own; only identities with a role get in, or with privateEndpoints nobody
  // checkov:skip=CKV_AZURE_189: as CKV_AZURE_109
  name: name
  location: location
  tags: tags
  properties: {
    tenantId: subscription().tenantId
    sku: { family: 'A', name: 'standard' }
    enableRbacAuthorization: true
    enableSoftDelete: true
    softDeleteRetentionInDays: 90
    enablePurgeProtection: true
    publicNetworkAccess: isPrivate ? 'Disabled' : 'Enabled'
    networkAcls: { bypass: 'AzureServices', defaultAction: isPrivate ? 'Deny' : 'Allow' }
  }

  // An end of our own would not be the certificate's: Footman reads that one, warns and tells it in its health.
  resource certificate 'secrets' = if (!empty(clientCertificate)) {
    // checkov:skip=CKV_AZURE_41: see above
    name: 'qrs-client-certificate'
    properties: { value: clientCertificate, contentType: 'application/x-pem-file' }
  }

  resource key 'secrets' = if (!empty(clientKey)) {
    // checkov:skip=CKV_AZURE_41: see above
    name: 'qrs-client-key'
    properties: { value: clientKey, contentType: 'application/x-pem-file' }
  }

  resource root 'secrets' = if (!empty(rootCertificate)) {
    // checkov:skip=CKV_AZURE_41: see above
    name: 'qrs-root-certificate'
    properties: { value: rootCertificate, contentType: 'application/x-pem-file' }
  }

  resource token 'secrets' = if (!empty(jwt)) {
    // checkov:skip=CKV_AZURE_41: the token carries its own end
    // checkov:skip=CKV_AZURE_114: it is set below
    name: 'qrs-jwt'
    properties: { value: jwt, contentType: 'application/jwt' }
  }
}

resource appReads 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(vault.id, appPrincipalId, secretsUser)
  scope: vault
  properties: {
    principalId: appPrincipalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', secretsUser)
  }
}

resource administratorWrites 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (!empty(administratorId)) {
  name: guid(vault.id, administratorId, secretsOfficer)
  scope: vault
  properties: {
    principalId: administratorId
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', secretsOfficer)
  }
}

resource audits 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'reads'
  scope: vault
  properties: {
    workspaceId: workspaceId
    logs: [{ category: 'AuditEvent', enabled: true }]
  }
}

output id string = vault.id
output name string = vault.name
output url string = vault.properties.vaultUri
