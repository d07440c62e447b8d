// Build: `node manifests/build.ts observed`
import clock from 'wasi:clocks/wall-clock@0.2.0'
import http, { type Request, type Response } from 'wasi:http/types@0.3.0'
import atomics from 'wasi:keyvalue/atomics@0.2.0-draft2'
import store from 'wasi:keyvalue/store@0.2.0-draft2'
import logs from 'wasi:otel/logs@0.2.0-rc.2'
import metrics from 'wasi:otel/metrics@0.2.0-rc.2'
import tracing from 'wasi:otel/tracing@0.2.0-rc.2'
// In a project of your own: import { guestOtel } from 'weft-lattice/guest-otel'
import { guestOtel } from '../../src/telemetry/guest-sdk/guest-otel.ts'

const otel = guestOtel({ tracing, metrics, logs, clock })
const tracer = otel.tracerProvider.getTracer('observed', '1.0.0')
const logger = otel.loggerProvider.getLogger('observed')
const meter = otel.meterProvider.getMeter('observed')
const orders = meter.createCounter('orders', { unit: '{order}', description: 'Orders taken' })
const sizes = meter.createHistogram('order.size', {
  unit: '{cake}',
  advice: { explicitBucketBoundaries: [1, 5, 10] },
})

/** Takes an order: `GET /order?3` bakes three cakes, each in a span of its own, and counts them. */
export const handler = {
  async handle(request: Request): Promise<Response> {
    const cakes = Number((request.getPathWithQuery() ?? '').split('?')[1] ?? 1)
    const text = await tracer.startActiveSpan('take order', { attributes: { cakes } }, async (span) => {
      for (let cake = 1; cake <= cakes; cake++) await bake(cake)
      orders.add(1, { size: cakes > 3 ? 'large' : 'small' })
      sizes.record(cakes)
      logger.emit({
        severityNumber: 9,
        severityText: 'INFO',
        body: `order of ${cakes}`,
        attributes: { cakes },
      })
      span.end()
      return `baked ${cakes}\n`
    })
    await otel.flush()
    return answer(200, text)
  },
}

async function bake(cake: number): Promise<void> {
  await tracer.startActiveSpan('bake', async (span) => {
    await Promise.resolve()
    atomics.increment(store.open('default'), 'cakes', 1)
    span.setAttributes({ cake, sponge: true, 'oven.temperature': 180.5 })
    span.end()
  })
}

function answer(status: number, text: string): Response {
  const headers = http.Fields.fromList([['content-type', utf8('text/plain; charset=utf-8')]])
  const { readable, writable } = wit.Stream(wit.Stream.U8)
  const noTrailers = Promise.resolve({ tag: 'ok', val: null } as const)
  const [response] = http.Response.new(headers, readable, noTrailers)
  response.setStatusCode(status)
  writable.writeAll(utf8(text)).then(() => writable.drop())
  return response
}

// QuickJS has no TextEncoder.
function utf8(text: string): Uint8Array {
  return Uint8Array.from(unescape(encodeURIComponent(text)), (unit) => unit.charCodeAt(0))
}
