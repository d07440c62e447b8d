// An HTTP guest in StarlingMonkey, with `fetch` events and the guest SDK for OpenTelemetry.
// Build: node manifests/build.ts observed-js
import * as clock from 'wasi:clocks/wall-clock@0.2.0'
import * as logs from 'wasi:otel/logs@0.2.0-rc.2'
import * as metrics from 'wasi:otel/metrics@0.2.0-rc.2'
import * as tracing from 'wasi:otel/tracing@0.2.0-rc.2'
import { guestOtel } from '../../../src/telemetry/guest-sdk/guest-otel.ts'

const otel = guestOtel({ tracing, metrics, logs, clock })
const tracer = otel.tracerProvider.getTracer('starling', '1.0.0')
const logger = otel.loggerProvider.getLogger('starling')

let requests = 0

addEventListener('fetch', (event) => event.respondWith(answer(event.request)))

/** `/count` says how many requests this instance had; `/nested` makes a span in a span, a metric and a log record; `/echo` gives back the body; `/wait` waits 20 ms. */
async function answer(request) {
  requests++
  const { pathname } = new URL(request.url)
  if (pathname === '/echo') return new Response(await request.text())
  if (pathname === '/count') return new Response(`${requests}`)
  if (pathname === '/trap') throw new Error('nothing is here')
  if (pathname === '/wait') await new Promise((resolve) => setTimeout(resolve, 20))
  if (pathname !== '/nested') return new Response('hello from StarlingMonkey\n')
  const ids = await tracer.startActiveSpan(
    'outer',
    { attributes: { engine: 'StarlingMonkey' } },
    async (outer) => {
      const inner = await tracer.startActiveSpan('inner', async (span) => {
        await Promise.resolve()
        span.setAttributes({ cakes: 3, sponge: true })
        span.end()
        return span.spanContext().spanId
      })
      logger.emit({ severityNumber: 9, body: 'baked', attributes: { cakes: 3 } })
      otel.meterProvider.getMeter('starling').createCounter('cakes').add(3)
      outer.end()
      return `${outer.spanContext().spanId} ${inner}`
    },
  )
  await otel.flush()
  return new Response(ids)
}
