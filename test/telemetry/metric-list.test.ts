import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import * as conventions from '@opentelemetry/semantic-conventions/incubating'
import { type MetricDefinition, metricList } from '../../src/telemetry/metric-list.ts'

const metrics: readonly MetricDefinition[] = Object.values(metricList)
const page = readFileSync(new URL('../../src/telemetry/METRICS.md', import.meta.url), 'utf8')

test('METRICS.md lists exactly the metrics that there are', () => {
  const rows = page
    .slice(0, page.indexOf('## Labels'))
    .split('\n')
    .filter((line) => /^\| `[a-z0-9.]+` +\| `[a-z0-9_]+` /.test(line))
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim().replaceAll('`', '')),
    )
  const expected = metrics.map((metric) => [
    metric.name,
    prometheusName(metric),
    metric.kind,
    metric.unit,
    metric.labels.join(' '),
    metric.description,
  ])
  assert.deepEqual(rows, expected)
})

test('METRICS.md explains every label', () => {
  const labels = new Set(metrics.flatMap((metric) => metric.labels))
  const explained = page.slice(page.indexOf('## Labels'))
  assert.deepEqual(
    [...labels].filter((label) => !explained.includes(`\`${label}\``)),
    [],
  )
})

test('a metric is named by the semantic conventions or begins with weft.', () => {
  const known = new Set<unknown>(Object.values(conventions))
  const strange = metrics
    .map(({ name }) => name)
    .filter((name) => !known.has(name) && !name.startsWith('weft.'))
  assert.deepEqual(strange, [])
})

test('histograms have rising bounds, others none', () => {
  for (const { name, kind, bounds } of metrics) {
    if (kind !== 'histogram') assert.equal(bounds, undefined, name)
    else
      assert.deepEqual(
        bounds,
        [...(bounds ?? [])].sort((a, b) => a - b),
        name,
      )
  }
})

/** The metric's name as Prometheus shows it when it receives OTLP with its default name translation. */
function prometheusName(metric: MetricDefinition): string {
  const base = metric.name.replaceAll(/[^a-zA-Z0-9_]/g, '_')
  const suffixes: Readonly<Record<string, string>> = { s: '_seconds', By: '_bytes', '1': '_ratio' }
  const unit = suffixes[metric.unit] ?? ''
  return `${base}${unit}${metric.kind === 'counter' ? '_total' : ''}`
}
