import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { type OtlpReceiver, startOtlpReceiver } from '../support/otlp-receiver.ts'
import { pinComponent } from '../support/pin-component.ts'
import { until } from '../support/until.ts'
import { openWorkplace, type RunningWeft } from '../support/weft.ts'

type Workplace = Awaited<ReturnType<typeof openWorkplace>>

describe('a lattice of three hosts with two applications', () => {
  let place: Workplace
  let receiver: OtlpReceiver
  let up: RunningWeft
  let hello: { path: string; url: string }
  let chain: { path: string; url: string }
  const hosts: RunningWeft[] = []

  before(async () => {
    place = await openWorkplace()
    receiver = await startOtlpReceiver()
    hello = await place.manifest('manifests/hello/app.yaml')
    // Who calls and who is called run on different hosts: each call crosses.
    chain = await place.manifest('manifests/chain/app.yaml', (text) =>
      Object.entries({ http: 'eu', gateway: 'us', greeter: 'eu' }).reduce(
        (manifest, [component, zone]) => pinComponent(manifest, component, `zone: ${zone}`),
        text,
      ),
    )
    const otel = {
      OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
      OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
    }
    up = place.start(['up', '--port', '0', '--threads', '1', hello.path], otel)
    await up.seen(/weft is up/)
    for (const zone of ['eu', 'us'])
      hosts.push(place.start(['host', '--threads', '1', '--label', `zone=${zone}`], otel))
    await Promise.all(hosts.map((host) => host.seen(/has joined lattice default/)))
    const deployed = await place.run(['app', 'deploy', chain.path])
    assert.equal(deployed.code, 0, deployed.err)
  })
  after(async () => {
    await place.close()
    await receiver.stop()
  })

  test('the ready block names application, lattice, NATS, host and signals', () => {
    for (const part of [
      hello.url,
      /lattice +default/,
      /nats:\/\/127\.0\.0\.1:\d+/,
      /host +\S+-\S+/,
      /traces +http/,
    ]) {
      assert.match(up.output(), typeof part === 'string' ? new RegExp(RegExp.escape(part)) : part)
    }
  })

  test('the application answers and counts', async () => {
    const visit = async () => Number(/visit (\d+)/.exec(await (await fetch(hello.url)).text())?.[1])
    const first = await visit()
    assert.equal(await visit(), first + 1)
  })

  test('the controller spreads the components over the hosts that joined', async () => {
    await until(async () => (await components(place)).find(({ id }) => id === 'hello-hello')?.hosts === 3, {
      timeoutMs: 20_000,
    })
  })

  test('under load all three hosts work', async () => {
    const before = await inFlightLogLines([up, ...hosts])
    await until(
      async () => {
        await Promise.all(
          Array.from({ length: 12 }, () =>
            repeat(25, () => fetch(hello.url).then((answer) => answer.text())),
          ),
        )
        const worked = (await inFlightLogLines([up, ...hosts])).map((lines, at) => lines - (before[at] ?? 0))
        return worked.every((lines) => lines > 10)
      },
      { timeoutMs: 20_000 },
    )
  })

  const shownWhole = (traceId: string) =>
    until(async () => {
      const { out } = await place.run(['traces', traceId, '-o', 'json'])
      const spans = JSON.parse(out || '[]') as { spanId: string; resource: { hostId: string } }[]
      return spans.length === spansOf(receiver, traceId).length ? spans : undefined
    })

  test('a request with traceparent gives one unbroken trace at the collector, also over hosts', async () => {
    const crossed = await until(
      async () => {
        const calls = Array.from({ length: 8 }, () => ({ traceId: randomHex(32), parent: randomHex(16) }))
        const answers = await Promise.all(
          calls.map(({ traceId, parent }) =>
            fetch(`${chain.url}/?name=Ada`, { headers: { traceparent: `00-${traceId}-${parent}-01` } }),
          ),
        )
        await Promise.all(answers.map((answer) => answer.text()))
        const found = calls.map((call) => ({ ...call, spans: () => spansOf(receiver, call.traceId) }))
        await receiver.until(() => found.every(({ spans }) => isWhole(spans())))
        const over = found.find(
          ({ spans }) => new Set(spans().map((span) => span.resource['service.instance.id'])).size > 1,
        )
        // For seconds after the load before, hosts show a share of the traces only.
        const shown = over && (await shownWhole(over.traceId).catch(() => undefined))
        return shown && { ...over, spans: over.spans(), shown }
      },
      { timeoutMs: 60_000 },
    )
    const ids = new Set(crossed.spans.map((span) => span.spanId))
    const roots = crossed.spans.filter((span) => !ids.has(span.parentSpanId))
    assert.deepEqual(
      roots.map((span) => span.parentSpanId),
      [crossed.parent],
      'every span hangs under the caller',
    )
    const services = new Set(crossed.spans.map((span) => span.resource['service.name']))
    assert.deepEqual([...services].sort(), ['chain-gateway', 'chain-greeter', 'chain-http'])

    const { traceId, shown } = crossed
    // A span may have come after the trace was whole, such as that of an instance that was made for it.
    assert.deepEqual(
      new Set(shown.map((span) => span.spanId)),
      new Set(spansOf(receiver, traceId).map((span) => span.spanId)),
      'weft traces shows the same, whole',
    )
    const crossedHosts = new Set(shown.map((span) => span.resource.hostId))
    assert.deepEqual(
      crossedHosts,
      new Set(spansOf(receiver, traceId).map((span) => span.resource['service.instance.id'])),
      'with the same hosts: two, or all three',
    )
    const drawn = await place.run(['traces', traceId])
    assert.match(drawn.out, new RegExp(`${crossedHosts.size} hosts`))
    assert.match(drawn.out, /greetings\/greeter greet[\s\S]*chain-greeter@/)
  })

  test('kill -9 of one host leaves the others answering', async () => {
    const victim = hosts.pop()
    const slowest = { ms: 0 }
    const load = Promise.all(
      Array.from({ length: 12 }, () =>
        repeat(40, async () => {
          const start = performance.now()
          await fetch(hello.url).then((answer) => answer.text())
          slowest.ms = Math.max(slowest.ms, performance.now() - start)
        }),
      ),
    )
    await victim?.stop('SIGKILL')
    await load
    assert.ok(slowest.ms < 10_000, `what the dead host had accepted failed soon: ${slowest.ms} ms`)
    const answered = await until(
      async () => {
        const answers = await Promise.all(
          Array.from({ length: 20 }, () => fetch(hello.url).then((each) => each.status)),
        )
        return answers.every((status) => status === 200)
      },
      { timeoutMs: 40_000 },
    )
    assert.ok(answered)
  })

  test('SIGTERM ends everything with code 0', async () => {
    const codes = await Promise.all([up, ...hosts].map((weft) => weft.stop('SIGTERM')))
    assert.deepEqual(codes, [0, 0])
  })
})

test('a second start finds its applications and its data again', async () => {
  const place = await openWorkplace()
  try {
    const hello = await place.manifest('manifests/hello/app.yaml')
    const first = place.start(['up', '--port', '0', '--threads', '1', hello.path])
    await first.seen(/weft is up/)
    assert.match(await (await fetch(hello.url)).text(), /visit 1\n/)
    assert.equal(await first.stop('SIGINT'), 0)
    const second = place.start(['up', '--port', '0', '--threads', '1'])
    await second.seen(/weft is up/)
    assert.match(await (await fetch(hello.url)).text(), /visit 2\n/)
    assert.match(second.output(), new RegExp(RegExp.escape(hello.url)))
  } finally {
    await place.close()
  }
})

async function components(place: Workplace): Promise<{ id: string; hosts: number }[]> {
  const { out } = await place.run(['get', 'inventory', '-o', 'json'])
  const inventories = JSON.parse(out) as { components: { id: string }[] }[]
  const ids = inventories.flatMap((inventory) => inventory.components.map(({ id }) => id))
  return [...new Set(ids)].map((id) => ({ id, hosts: ids.filter((other) => other === id).length }))
}

async function inFlightLogLines(wefts: readonly RunningWeft[]): Promise<number[]> {
  return wefts.map((weft) => weft.output().match(/visit \d+ /g)?.length ?? 0)
}

function spansOf(receiver: OtlpReceiver, traceId: string) {
  return receiver.spans().filter((span) => span.traceId === traceId)
}

/** HTTP, then client and server of both calls; spans of single timings may come on top. */
function isWhole(spans: ReturnType<typeof spansOf>): boolean {
  return spans.filter((span) => span.kind !== 1).length === 5
}

async function repeat(times: number, work: () => Promise<unknown>): Promise<void> {
  for (let at = 0; at < times; at++) await work()
}

function randomHex(length: number): string {
  return Buffer.from(crypto.getRandomValues(new Uint8Array(length / 2))).toString('hex')
}
