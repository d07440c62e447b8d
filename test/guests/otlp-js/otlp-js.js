// An HTTP guest on StarlingMonkey with the stock OpenTelemetry SDK and its OTLP/HTTP exporter, over fetch. The config
// `collector` says where to: `127.0.0.1:4318`. Answers with the ids of its span and its parent's.
// Build: node manifests/build.ts otlp-js
import { get } from 'wasi:config/store@0.2.0-draft'
import { propagation, ROOT_CONTEXT, trace } from '@opentelemetry/api'
import { W3CTraceContextPropagator } from '@opentelemetry/core'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http'
import { resourceFromAttributes } from '@opentelemetry/resources'
import { SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace'

propagation.setGlobalPropagator(new W3CTraceContextPropagator())

addEventListener('fetch', (event) => event.respondWith(answer(event.request)))

async function answer(request) {
  const exporter = new OTLPTraceExporter({ url: `http://${get('collector')}/v1/traces` })
  const provider = new TracerProvider({
    resource: resourceFromAttributes({ 'service.name': 'bakery' }),
    spanProcessors: [new SimpleSpanProcessor({ exporter })],
  })
  const host = propagation.extract(ROOT_CONTEXT, Object.fromEntries(request.headers))
  const span = provider.getTracer('otlp-js').startSpan('bake', { attributes: { cakes: 3 } }, host)
  span.end()
  await provider.forceFlush()
  return new Response(`${span.spanContext().spanId} ${trace.getSpanContext(host)?.spanId} 200`)
}
