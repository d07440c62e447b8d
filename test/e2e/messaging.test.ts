import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { connect } from 'nats'
import { type OtlpReceiver, type ReceivedSpan, startOtlpReceiver } from '../support/otlp-receiver.ts'
import { pinComponent } from '../support/pin-component.ts'
import { until } from '../support/until.ts'
import { openWorkplace, type RunningWeft, root } from '../support/weft.ts'

const builtin = 'wasmcloud+builtin://messaging-nats'
const asked = 'process stock.check'
const told = 'process orders.*'
/** Between a component and a provider: one span where both run on a thread, else two. */
const handed = 'nats:client messaging/handler handle-message > stock:server messaging/handler handle-message'
const ownPublish = 'client messaging/consumer publish > nats:producer publish'
const otherPublish =
  'client messaging/consumer publish > nats:server messaging/consumer publish > nats:producer publish'

for (const { where, image, zone, request, publish, asking, packing, reply } of [
  {
    where: 'inside the hosts',
    image: builtin,
    zone: 'far',
    request: 'shop:client messaging/consumer request > nats:producer request',
    publish: `shop:${ownPublish}`,
    asking: `nats:consumer ${asked} > ${handed}`,
    packing: `nats:consumer ${told} > ${handed}`,
    reply: `stock:${otherPublish}`,
  },
  {
    where: 'on the one host that runs them all',
    image: builtin,
    zone: 'near',
    request: 'shop:client messaging/consumer request > nats:producer request',
    publish: `shop:${ownPublish}`,
    asking: `stock:consumer ${asked} > stock:internal messaging/handler handle-message`,
    packing: `stock:consumer ${told} > stock:internal messaging/handler handle-message`,
    reply: `stock:${ownPublish}`,
  },
  {
    where: 'as a process of its own',
    image: pathToFileURL(join(root, 'providers/messaging-nats.ts')).href,
    zone: 'far',
    request:
      'shop:client messaging/consumer request > nats:server messaging/consumer request > nats:producer request',
    publish: `shop:${otherPublish}`,
    asking: `nats:consumer ${asked} > ${handed}`,
    packing: `nats:consumer ${told} > ${handed}`,
    reply: `stock:${otherPublish}`,
  },
]) {
  describe(`components that know each other by messages alone, their provider ${where}`, () => {
    let receiver: OtlpReceiver
    let place: Awaited<ReturnType<typeof openWorkplace>>
    let url: string
    const hosts: RunningWeft[] = []

    before(
      async () => {
        receiver = await startOtlpReceiver()
        place = await openWorkplace()
        const app = await place.manifest('manifests/orders/app.yaml', (text) =>
          Object.entries({ http: 'near', shop: 'near', nats: 'near', stock: zone })
            .reduce((manifest, [component, its]) => pinComponent(manifest, component, `zone: ${its}`), text)
            .replace(builtin, image),
        )
        url = app.url
        const otel = {
          OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
          OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
          OTEL_BSP_SCHEDULE_DELAY: '100',
        }
        const up = place.start(
          ['up', '--ephemeral', '--port', '0', '--threads', '2', '--label', 'zone=near'],
          otel,
        )
        await up.seen(/weft is up/)
        const far = place.start(['host', '--threads', '1', '--label', 'zone=far'], otel)
        await far.seen(/has joined lattice default/)
        hosts.push(up, far)
        const deployed = await place.run(['app', 'deploy', app.path])
        assert.equal(deployed.code, 0, deployed.err)
      },
      { timeout: 180_000 },
    )
    after(async () => {
      await place.close()
      await receiver.stop()
    })

    test('a request asks over messaging, gets the answer, and what it publishes is handled elsewhere', async () => {
      assert.equal(await body(`${url}/?item=tea`), 'tea ordered: 7 in stock\n')
      assert.equal(await body(`${url}/?item=milk`), 'no milk left\n')
      await until(() => hosts.some((host) => /packed one tea/.test(host.output())), { timeoutMs: 20_000 })
    })

    test('one unbroken trace goes through request, reply and publish', async () => {
      const traceId = 'ab'.repeat(16)
      const parent = 'cd'.repeat(8)
      await body(`${url}/?item=coffee`, { traceparent: `00-${traceId}-${parent}-01` })
      const spans = () => receiver.spans().filter((span) => span.traceId === traceId)
      const isWhole = () =>
        spans().filter((span) => span.kind === kinds.consumer).length === 2 && allHang(spans(), parent)
      await receiver.until(isWhole, 30_000)
      const tree = spans()
        .filter(({ name }) => name !== 'queued' && name !== 'instantiate')
        .map((span) => pathOf(span, spans()))
        .sort()
      const shop = 'shop:server GET > shop:internal http/incoming-handler handle'
      const replied = `${shop} > ${request} > ${asking} > ${reply}`
      const packed = `${shop} > ${publish} > ${packing}`
      assert.deepEqual(tree, [...new Set([replied, packed].flatMap(steps))].sort())
      for (const consumed of spans().filter((span) => span.kind === kinds.consumer))
        assert.deepEqual(
          consumed.links.map((link) => link.spanId),
          [consumed.parentSpanId],
          'it is linked to the span that sent its message',
        )
      const sent = spans().find((span) => span.kind === kinds.producer && span.name === 'request')
      const answering = spans().find((span) => pathOf(span, spans()) === replied)
      assert.deepEqual(
        sent?.links.map((link) => link.spanId),
        [answering?.spanId],
        'and the request to its answer',
      )
      const used = new Set(spans().map((span) => span.resource['service.instance.id']))
      assert.equal(used.size, zone === 'far' ? 2 : 1)
    })

    test('a message that stock refuses costs nothing that comes after it', async () => {
      const nats = await connect({
        servers: /nats:\/\/127\.0\.0\.1:\d+/.exec(hosts[0]?.output() ?? '')?.[0] ?? '',
      })
      nats.publish('stock.check', 'tea')
      await nats.drain()
      await until(
        () => hosts.some((host) => /stock refused it: nobody packs stock.check/.test(host.output())),
        {
          timeoutMs: 20_000,
        },
      )
      const answers = await Promise.all(Array.from({ length: 50 }, () => body(`${url}/?item=tea`)))
      assert.equal(new Set(answers).size, 1)
      assert.equal(answers[0], 'tea ordered: 7 in stock\n')
    })
  })
}

const kinds = { producer: 4, consumer: 5 } as const
const kindNames = ['', 'internal', 'server', 'client', 'producer', 'consumer']

async function body(url: string, headers: Record<string, string> = {}): Promise<string> {
  const answer = await fetch(url, { headers })
  return answer.text()
}

function allHang(spans: readonly ReceivedSpan[], root: string): boolean {
  const ids = new Set(spans.map((span) => span.spanId))
  return spans.every((span) => span.parentSpanId === root || ids.has(span.parentSpanId))
}

/** `http:server GET > …`, from the root to this span; the application's name is left out. */
function pathOf(span: ReceivedSpan, all: readonly ReceivedSpan[]): string {
  const own = `${String(span.resource['service.name']).replace('orders-', '')}:${kindNames[span.kind]} ${span.name}`
  const parent = all.find((other) => other.spanId === span.parentSpanId)
  return parent ? `${pathOf(parent, all)} > ${own}` : own
}

/** A path and all that it begins with. */
function steps(path: string): string[] {
  const parts = path.split(' > ')
  return parts.map((_, at) => parts.slice(0, at + 1).join(' > '))
}
