// Private ways to storage and vault, and the names by which the app's network finds them.
@description('What makes names unique.')
param token string

@description('The Azure region.')
param location string

@description('Tags of the resources.')
param tags object

@description('The virtual network that shall know the names.')
param networkId string

@description('The subnet that the endpoints stand in.')
param subnetId string

@description('The account of the host.')
param hostStorageId string

@description('The account of the tables.')
param dataStorageId string

@description('The vault.')
param vaultId string

var ways = [
  { name: 'host-blob', target: hostStorageId, part: 'blob', zone: 'privatelink.blob.${environment().suffixes.storage}' }
  { name: 'data-table', target: dataStorageId, part: 'table', zone: 'privatelink.table.${environment().suffixes.storage}' }
  { name: 'vault', target: vaultId, part: 'vault', zone: 'privatelink.vaultcore.azure.net' }
]

resource zones 'Microsoft.Network/privateDnsZones@2020-06-01' = [
  for way in ways: {
    name: way.zone
    location: 'global'
    tags: tags
  }
]

resource links 'Microsoft.Network/privateDnsZones/virtualNetworkLinks@2020-06-01' = [
  for (way, index) in ways: {
    parent: zones[index]
    name: 'footman'
    location: 'global'
    properties: { registrationEnabled: false, virtualNetwork: { id: networkId } }
  }
]

resource endpoints 'Microsoft.Network/privateEndpoints@2024-01-01' = [
  for way in ways: {
    name: 'pe-footman-${way.name}-${token}'
    location: location
    tags: tags
    properties: {
      subnet: { id: subnetId }
      privateLinkServiceConnections: [
        { name: way.name, properties: { privateLinkServiceId: way.target, groupIds: [way.part] } }
      ]
    }
  }
]

resource names 'Microsoft.Network/privateEndpoints/privateDnsZoneGroups@2024-01-01' = [
  for (way, index) in ways: {
    parent: endpoints[index]
    name: 'default'
    properties: {
      privateDnsZoneConfigs: [{ name: way.name, properties: { privateDnsZoneId: zones[index].id } }]
    }
  }
]
