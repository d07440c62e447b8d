import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startOtlpReceiver } from '../support/otlp-receiver.ts'
import { openCli } from '../support/run-cli.ts'
import { startNats } from '../support/start-nats.ts'
import { freePort, openWorkplace } from '../support/weft.ts'

test('everything is well: each signal has arrived, NATS answers', async () => {
  const [nats, receiver] = await Promise.all([startNats(), startOtlpReceiver()])
  const cli = await openCli({
    WEFT_NATS_URL: nats.url,
    OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
    OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
  })
  const { code, out, err } = await cli.run('doctor')
  await Promise.all([cli.close(), nats.stop(), receiver.stop()])
  assert.deepEqual([code, err], [0, ''], out)
  for (const line of [
    /^✓ node +v2\d.*JSPI$/m,
    /^✓ cache folder +\/.*components$/m,
    /^✓ state folder +\//m,
    /^✓ nats-server +2\./m,
    /^✓ nats +nats:.*JetStream on/m,
    /^– lattice default +no host answers$/m,
    /^✓ traces +http.*\/v1\/traces \(http\/json\) took one in \d+ ms$/m,
    /^✓ metrics +http/m,
    /^✓ logs +http/m,
  ])
    assert.match(out, line)
  assert.deepEqual(receiver.requests.map(({ path }) => path).sort(), [
    '/v1/logs',
    '/v1/metrics',
    '/v1/traces',
  ])
  const [span] = receiver.spans()
  assert.deepEqual([span?.name, span?.resource['service.name']], ['weft doctor', 'weft-doctor'])
  const bodies = JSON.stringify(receiver.requests.map(({ body }) => body))
  assert.ok(bodies.includes('weft.doctor'))
})

test('what is wrong is said, and the exit code is 1', async () => {
  const receiver = await startOtlpReceiver()
  receiver.answerWith(401)
  const cli = await openCli({
    WEFT_NATS_URL: 'nats://127.0.0.1:1',
    OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
    OTEL_METRICS_EXPORTER: 'none',
    OTEL_EXPORTER_OTLP_LOGS_ENDPOINT: 'http://127.0.0.1:1/v1/logs',
    OTEL_EXPORTER_OTLP_LOGS_TIMEOUT: '200',
    OTEL_PROPAGATORS: 'b3',
  })
  const { code, out } = await cli.run('doctor', '-o', 'json')
  await Promise.all([cli.close(), receiver.stop()])
  assert.equal(code, 1)
  const findings = JSON.parse(out) as { what: string; state: string; detail: string }[]
  const of = (what: string) => {
    const found = findings.find((one) => one.what === what)
    return `${found?.state}: ${found?.detail}`
  }
  assert.match(of('nats'), /^wrong: no NATS server listens at nats:\/\/127\.0\.0\.1:1/)
  assert.match(of('traces'), /^wrong: http.*\/v1\/traces: the collector answered 401/)
  assert.equal(of('metrics'), 'off: OTEL_METRICS_EXPORTER=none')
  assert.equal(of('variables'), 'off: without effect: OTEL_PROPAGATORS')
  assert.match(of('logs'), /^wrong: http:\/\/127\.0\.0\.1:1\/v1\/logs: .*ECONNREFUSED/)
})

test('a collector that is away is said to be, by a process that does nothing else meanwhile', async () => {
  const place = await openWorkplace()
  const endpoint = `http://127.0.0.1:${await freePort()}`
  const doctor = place.start(['doctor'], { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint })
  for (const signal of ['traces', 'metrics', 'logs'])
    await doctor.seen(new RegExp(`✗ ${signal} +${endpoint}.*ECONNREFUSED`))
  await place.close()
})
