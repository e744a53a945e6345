// Two accounts: the host owns its own, with rights that it needs and Footman's tables should not be open to.
@description('What makes names unique.')
param token string

@description('The Azure region.')
param location string

@description('Tags of the resources.')
param tags object

@description('Whether only private endpoints reach the accounts.')
param isPrivate bool

@description('The subnet of the app, which reaches the tables.')
param appSubnetId string

@description('The workspace that keeps who read and wrote the tables.')
param workspaceId string

@description('The principal of the app.')
param appPrincipalId string

var blobDataOwner = 'b7e6dc6d-f1e8-4753-8033-0f276bb0955b'
var tableDataContributor = '0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3'

resource host 'Microsoft.Storage/storageAccounts@2023-05-01' = {
  // checkov:skip=CKV_AZURE_206: what the host keeps can be made again; the package comes with the next deployment
  // checkov:skip=CKV_AZURE_35: the deployment writes the package from outside; only identities with a role get in, or with privateEndpoints nobody
  // checkov:skip=CKV_AZURE_59: as CKV_AZURE_35
  // checkov:skip=CKV_AZURE_43: the name is made of letters and digits, 21 of them, which the check can't work out
  name: 'stfmhost${take(token, 13)}'
  location: location
  tags: tags
  sku: { name: 'Standard_LRS' }
  kind: 'StorageV2'
  properties: {
    allowBlobPublicAccess: false
    allowSharedKeyAccess: false
    allowCrossTenantReplication: false
    defaultToOAuthAuthentication: true
    minimumTlsVersion: 'TLS1_2'
    supportsHttpsTrafficOnly: true
    publicNetworkAccess: isPrivate ? 'Disabled' : 'Enabled'
    networkAcls: { bypass: 'AzureServices', defaultAction: isPrivate ? 'Deny' : 'Allow' }
  }

  resource blobs 'blobServices' = {
    name: 'default'
    properties: { deleteRetentionPolicy: { enabled: true, days: 7 } }

    resource package 'containers' = {
      name: 'app-package'
      properties: { publicAccess: 'None' }
    }
  }
}

resource data 'Microsoft.Storage/storageAccounts@2023-05-01' = {
  // checkov:skip=CKV_AZURE_59: closed to all but the subnet of the app; with privateEndpoints to all
  // checkov:skip=CKV_AZURE_43: the name is made of letters and digits, 21 of them, which the check can't work out
  // checkov:skip=CKV_AZURE_36: no service of Azure's has business there
  // checkov:skip=CKV_AZURE_206: three zones of one region; schedules start tasks of a site that stands in one place
  name: 'stfmdata${take(token, 13)}'
  location: location
  tags: tags
  // In three zones where the region has them: this is what can't be made again.
  sku: { name: 'Standard_ZRS' }
  kind: 'StorageV2'
  properties: {
    allowBlobPublicAccess: false
    allowSharedKeyAccess: false
    allowCrossTenantReplication: false
    defaultToOAuthAuthentication: true
    minimumTlsVersion: 'TLS1_2'
    supportsHttpsTrafficOnly: true
    publicNetworkAccess: isPrivate ? 'Disabled' : 'Enabled'
    networkAcls: {
      bypass: 'None'
      defaultAction: 'Deny'
      virtualNetworkRules: isPrivate ? [] : [{ id: appSubnetId, action: 'Allow' }]
    }
  }

  resource tables 'tableServices' = {
    name: 'default'

    resource footman 'tables' = {
      name: 'footman'
    }
  }
}

resource keepsData 'Microsoft.Authorization/locks@2020-05-01' = {
  name: 'keep-schedules'
  scope: data
  properties: { level: 'CanNotDelete', notes: 'Schedules, their history and key-values. Table storage has no way back.' }
}

resource audits 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'writes'
  scope: data::tables
  properties: {
    workspaceId: workspaceId
    logs: [{ category: 'StorageDelete', enabled: true }]
  }
}

resource hostOwnsBlobs 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(host.id, appPrincipalId, blobDataOwner)
  scope: host
  properties: {
    principalId: appPrincipalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', blobDataOwner)
  }
}

resource appWritesTables 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(data.id, appPrincipalId, tableDataContributor)
  scope: data
  properties: {
    principalId: appPrincipalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', tableDataContributor)
  }
}

output hostId string = host.id
output hostName string = host.name
output packageContainerUrl string = '${host.properties.primaryEndpoints.blob}app-package'
output dataId string = data.id
output dataName string = data.name
output tableUrl string = data.properties.primaryEndpoints.table
