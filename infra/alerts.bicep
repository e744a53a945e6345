// What a person is told of. Each text says what to do; docs/operations.md says more.
@description('The Azure region.')
param location string

@description('Tags of the resources.')
param tags object

@description('The Application Insights that the queries ask.')
param insightsId string

@description('Who is told.')
param alertEmail string

resource people 'Microsoft.Insights/actionGroups@2023-01-01' = {
  name: 'footman-people'
  location: 'global'
  tags: tags
  properties: {
    groupShortName: 'footman'
    enabled: true
    emailReceivers: [{ name: 'administrator', emailAddress: alertEmail, useCommonAlertSchema: true }]
  }
}

// Each evaluation counts the rows that a query gives in the window. An exit code of 143 is no alarm: the platform ends
// an instance that it drains with it, and logs that as an error which none of these queries reads.
var rules = [
  {
    name: 'no-tick'
    title: 'Footman: no successful tick for five minutes'
    text: 'Schedules are not started. Ask /v4/checks with a key: it says what fails. If it says "stopped coming" and all else is ok, the timers of the platform stand still: restart the app, and until it ticks again POST {} to /admin/functions/tick with the master key once a minute. Nothing is lost: what was missed is caught up.'
    query: loadTextContent('queries/tick-seen.kql')
    severity: 0
    operator: 'LessThan'
    threshold: 1
    window: 'PT5M'
    every: 'PT1M'
    // Lines arrive up to some minutes late. Three looks in a row keep that from being an alarm.
    times: 3
  }
  {
    name: 'tick-slow'
    title: 'Footman: a tick worked longer than 45 seconds'
    text: 'Starts of schedules will be late. Sense or storage answers slowly, or more is due in a minute than the connections carry: look at lateness in the workbook, raise qrsMaxConnections, or spread the schedules.'
    query: loadTextContent('queries/tick-slow.kql')
    severity: 2
    operator: 'GreaterThan'
    threshold: 0
    window: 'PT15M'
    every: 'PT5M'
    times: 1
  }
  {
    name: 'starts-failing'
    title: 'Footman: starts fail'
    text: 'Sense did not accept starts. The reasons stand in the workbook and in /v4/schedules/{id}/history; the table under Troubleshooting in the README says what to do for each.'
    query: loadTextContent('queries/starts-failing.kql')
    severity: 2
    operator: 'GreaterThan'
    threshold: 0
    window: 'PT15M'
    every: 'PT5M'
    times: 1
  }
  {
    name: 'answers-failing'
    title: 'Footman: calls are answered with 5xx'
    text: '502 and 503: Sense or storage; /v4/checks says which. 500: a setting, which the answer names, or a fault in Footman, of which the log tells under the invocation id of the answer.'
    query: loadTextContent('queries/answers-failing.kql')
    severity: 2
    operator: 'GreaterThan'
    threshold: 4
    window: 'PT15M'
    every: 'PT5M'
    times: 1
  }
  {
    name: 'certificate-ends'
    title: 'Footman: a certificate for Sense ends within 30 days'
    text: 'Export the certificates again in the QMC, and put them into the vault: docs/operations.md, Certificates. Without it every start fails on that day.'
    query: loadTextContent('queries/certificates.kql')
    severity: 1
    operator: 'GreaterThan'
    threshold: 0
    window: 'P1D'
    every: 'P1D'
    times: 1
  }
  {
    name: 'no-daily-work'
    title: 'Footman: the work of a day was not done'
    text: 'Since more than a day nobody looked when certificates end, and expired key-values, old records of the audit and the history of deleted schedules were not removed. The lines daily_failed in the log say which step failed, and why. When that is mended, POST {} to /admin/functions/daily with the master key, or wait for 03:17 UTC.'
    query: loadTextContent('queries/daily-missing.kql')
    severity: 2
    operator: 'GreaterThan'
    threshold: 0
    window: 'P2D'
    every: 'P1D'
    times: 1
  }
]

resource alerts 'Microsoft.Insights/scheduledQueryRules@2023-12-01' = [
  for rule in rules: {
    name: 'footman-${rule.name}'
    location: location
    tags: tags
    kind: 'LogAlert'
    properties: {
      displayName: rule.title
      description: rule.text
      enabled: true
      severity: rule.severity
      scopes: [insightsId]
      windowSize: rule.window
      evaluationFrequency: rule.every
      autoMitigate: true
      criteria: {
        allOf: [
          {
            query: rule.query
            timeAggregation: 'Count'
            operator: rule.operator
            threshold: rule.threshold
            failingPeriods: { numberOfEvaluationPeriods: rule.times, minFailingPeriodsToAlert: rule.times }
          }
        ]
      }
      actions: { actionGroups: [people.id] }
    }
  }
]
