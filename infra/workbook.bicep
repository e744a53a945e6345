// What a person wants to see: starts, lateness, failures, last and next runs.
@description('The Azure region.')
param location string

@description('Tags of the resource.')
param tags object

@description('The Application Insights that the queries ask.')
param insightsId string

var parts = [
  { title: 'Starts per hour', query: loadTextContent('queries/starts-per-hour.kql'), hours: 168 }
  { title: 'How late schedules were started, in seconds', query: loadTextContent('queries/lateness.kql'), hours: 24 }
  { title: 'Starts that failed, by reason', query: loadTextContent('queries/failures-by-reason.kql'), hours: 168 }
  { title: 'Last and next runs', query: loadTextContent('queries/last-and-next-runs.kql'), hours: 168 }
  { title: 'Ticks, and how long they worked', query: loadTextContent('queries/ticks.kql'), hours: 24 }
]

var items = [
  for (part, index) in parts: {
    type: 3
    name: 'part-${index}'
    content: {
      version: 'KqlItem/1.0'
      title: part.title
      query: part.query
      queryType: 0
      resourceType: 'microsoft.insights/components'
      size: 0
      timeContext: { durationMs: part.hours * 3600000 }
    }
  }
]

resource workbook 'Microsoft.Insights/workbooks@2023-06-01' = {
  name: guid(insightsId, 'footman')
  location: location
  tags: tags
  kind: 'shared'
  properties: {
    displayName: 'Footman'
    category: 'workbook'
    sourceId: insightsId
    serializedData: string({ version: 'Notebook/1.0', items: items, fallbackResourceIds: [insightsId] })
  }
}
