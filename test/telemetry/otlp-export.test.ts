import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createLog, type LogRecord } from '../../src/log.ts'
import { OtlpExport } from '../../src/telemetry/otlp-export.ts'
import { writeSpans } from '../../src/telemetry/otlp-spans.ts'
import type { SpanGroup } from '../../src/telemetry/span-groups.ts'
import { startOtlpReceiver } from '../support/otlp-receiver.ts'
import { sampleSpan, spanGroups } from '../support/sample-span.ts'

/** Sends a span of a component whose manifest names `endpoint`; gives what was logged. */
async function send(
  endpoint: string,
  addresses: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<readonly LogRecord[]> {
  const lines: LogRecord[] = []
  const spans = new OtlpExport<SpanGroup, Uint8Array>({
    env: { OTEL_EXPORTER_OTLP_TIMEOUT: '500', ...env },
    signal: 'traces',
    log: createLog((line) => lines.push(line)),
    makerOf: (group) => group.resource,
    itemsOf: (group) => [group.spans],
    write: writeSpans,
    resolve: async () => addresses,
  })
  const own = { service: 'hello', hostId: 'N', hostName: 'oak' }
  const resource = 'OTEL_EXPORTER_OTLP_ENDPOINT' in env ? own : { ...own, otlp: { endpoint } }
  spans.push(spanGroups(sampleSpan({ resource })))
  await spans.stop(5_000)
  return lines
}

test('a name in a manifest leads to no link-local address, unless the operator allows it', async (t) => {
  const receiver = await startOtlpReceiver()
  t.after(() => receiver.stop())
  const { port } = new URL(receiver.url)
  const endpoint = `http://collector.example:${port}`
  for (const address of ['169.254.169.254', 'fe80::1', '::ffff:169.254.169.254', 'fd00:ec2::254']) {
    const [line] = await send(endpoint, [address])
    assert.match(
      JSON.stringify(line),
      /collector\.example leads to link-local addresses.*WEFT_TELEMETRY_LINK_LOCAL=true/,
    )
  }
  assert.equal(receiver.requests.length, 0)
  assert.deepEqual(await send(endpoint, ['169.254.169.254', '127.0.0.1']), [])
  assert.equal(receiver.requests.length, 1)
  const process = { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint }
  assert.match(
    JSON.stringify(await send('', ['169.254.0.1'], { ...process, WEFT_TELEMETRY_LINK_LOCAL: 'false' })),
    /leads to link-local/,
  )
  const allowed = await send(endpoint, ['169.254.0.1'], { WEFT_TELEMETRY_LINK_LOCAL: 'true' })
  assert.doesNotMatch(JSON.stringify(allowed), /link-local/)
})

test('an address in a manifest is no link-local one either', async () => {
  for (const host of ['169.254.77.77', '[fe80::1]', '[::ffff:169.254.169.254]']) {
    const began = performance.now()
    assert.deepEqual(await send(`http://${host}:9`, []), [])
    assert.ok(performance.now() - began < 1_000, 'nothing was tried')
  }
})
