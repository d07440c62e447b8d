import assert from 'node:assert/strict'
import { type AddressInfo, connect as connectTcp, createServer, type Socket } from 'node:net'
import { after, afterEach, before, describe, test } from 'node:test'
import { type ConsumerConfig, type JetStreamManager, jetstreamManager } from '@nats-io/jetstream'
import { connect, headers, type NatsConnection } from 'nats'
import messagingNats from '../../providers/messaging-nats.ts'
import type { Call, Invoke } from '../../src/call/call.ts'
import type { BackendTiming } from '../../src/call/timing.ts'
import { WeftError } from '../../src/errors.ts'
import { createLog, type LogRecord } from '../../src/log.ts'
import type { Provider, ProviderContext, ProviderLink } from '../../src/provider.ts'
import { makeNatsAccounts } from '../support/nats-accounts.ts'
import { sampleCall } from '../support/sample-call.ts'
import { type NatsServer, startNats } from '../support/start-nats.ts'
import { until } from '../support/until.ts'
import { freePort } from '../support/weft.ts'

const traceId = 'a'.repeat(32)
const text = (bytes: unknown) => Buffer.from(bytes as Uint8Array).toString()

const link: ProviderLink = {
  source: '',
  target: '',
  name: 'default',
  namespace: 'wasmcloud',
  package: 'messaging',
  interfaces: ['handler'],
  sourceConfig: {},
  targetConfig: {},
}

describe('messaging over NATS', () => {
  let nats: NatsServer
  let peer: NatsConnection
  let running: Provider[] = []
  let lines: LogRecord[] = []

  before(async () => {
    nats = await startNats()
    peer = await connect({ servers: nats.url })
  })
  afterEach(async () => {
    await Promise.all(running.map((provider) => provider.stop()))
    running = []
    lines = []
  })
  after(async () => {
    await peer.close()
    await nats.stop()
  })

  /** A provider on one thread of a host, whose components answer as `invoke` does. */
  const start = async (
    invoke: (message: { subject: string; body: string }, call: Call) => Promise<unknown> = async () => ok,
    more: Partial<ProviderContext> = {},
  ) => {
    const provider = await messagingNats.start({
      id: 'nats',
      hostId: 'N1',
      lattice: 'test',
      natsUrl: nats.url,
      isLeader: true,
      config: {},
      log: createLog((line) => lines.push(line)),
      invoke: (call) => {
        const message = call.args[0] as { subject: string; body: Uint8Array }
        return invoke({ subject: message.subject, body: text(message.body) }, call)
      },
      enter: (call, next) => next(call),
      ...more,
    })
    running.push(provider)
    return provider
  }
  const ok = { tag: 'ok', val: undefined }
  const toHandler = (sourceConfig: Record<string, string>): ProviderLink => ({
    ...link,
    source: 'nats',
    target: 'packer',
    sourceConfig,
  })
  const fromConsumer: ProviderLink = { ...link, source: 'shop', target: 'nats' }

  const ask = (provider: Provider, name: string, args: readonly unknown[], source = 'shop', more = {}) => {
    const trace = { traceId, spanId: 'b'.repeat(16), sampled: true, traceState: 'v=1' }
    const call = sampleCall({
      source,
      target: 'nats',
      interface: 'wasmcloud:messaging/consumer@0.2.0',
      function: name,
      args,
      context: { trace, baggage: 'user=ada', ...more },
    })
    return { call, answer: (provider.serve as Invoke)(call) }
  }
  const message = (subject: string, body = 'x', replyTo?: string) => ({
    subject,
    body: Buffer.from(body),
    replyTo,
  })

  test('what is published arrives, under the span that published it', async () => {
    const provider = await start()
    await provider.putLink(fromConsumer)
    const subscription = peer.subscribe('out.a', { max: 1 })
    await peer.flush()
    const { call, answer } = ask(provider, 'publish', [message('out.a', 'hello', 'back.here')])
    assert.deepEqual(await answer, ok)
    for await (const got of subscription) {
      assert.deepEqual([text(got.data), got.reply], ['hello', 'back.here'])
      const timing = call.course.timings[0] as BackendTiming
      assert.equal(got.headers?.get('traceparent'), `00-${traceId}-${timing.spanId}-01`)
      assert.equal(got.headers?.get('tracestate'), 'v=1')
      assert.equal(got.headers?.get('baggage'), 'user=ada')
      assert.partialDeepStrictEqual(timing, {
        kind: 'messaging',
        operation: 'publish',
        destination: 'out.a',
        bodySize: 5,
      })
      assert.equal(timing.server?.address, '127.0.0.1')
    }
  })

  test('a request that may wait longer than any timer waits', async () => {
    const provider = await start()
    await provider.putLink(fromConsumer)
    const answering = peer.subscribe('ask.slow', {
      callback: (_, got) => void setTimeout(() => got.respond('at last'), 100),
    })
    await peer.flush()
    const context = { deadline: Number.POSITIVE_INFINITY }
    const { answer } = ask(provider, 'request', ['ask.slow', Buffer.from('?'), 2 ** 32 - 1], 'shop', context)
    const { tag, val } = (await answer) as { tag: string; val: { body: Uint8Array } }
    assert.deepEqual([tag, text(val.body)], ['ok', 'at last'])
    answering.unsubscribe()
  })

  test('a request brings the answer, and what the answer was sent under', async () => {
    const provider = await start()
    await provider.putLink(fromConsumer)
    const made = headers()
    made.set('Traceparent', `00-${traceId}-${'d'.repeat(16)}-01`)
    const answering = peer.subscribe('ask.me', {
      callback: (_, got) => void got.respond(`${text(got.data)}!`, { headers: made }),
    })
    await peer.flush()
    const { call, answer } = ask(provider, 'request', ['ask.me', Buffer.from('yes'), 5000])
    const { tag, val } = (await answer) as { tag: string; val: { body: Uint8Array; subject: string } }
    assert.deepEqual([tag, text(val.body)], ['ok', 'yes!'])
    assert.equal((call.course.timings[0] as BackendTiming).answeredUnder?.spanId, 'd'.repeat(16))
    answering.unsubscribe()
  })

  test('a request that nobody answers fails with the reason: at once without a subscriber, else in its time', async () => {
    const provider = await start()
    await provider.putLink(fromConsumer)
    const { call, answer } = ask(provider, 'request', ['ask.nobody', Buffer.from('?'), 60_000])
    assert.deepEqual(await answer, { tag: 'err', val: 'nobody answers on ask.nobody' })
    assert.equal((call.course.timings[0] as BackendTiming).failure, 'nobody answers on ask.nobody')
    const silent = peer.subscribe('ask.silent', { callback: () => {} })
    await peer.flush()
    const waited = await ask(provider, 'request', ['ask.silent', Buffer.from('?'), 50]).answer
    assert.deepEqual(waited, { tag: 'err', val: 'no answer on ask.silent in time' })
    silent.unsubscribe()
  })

  test('a guest without a link, or on a subject that is none or is the lattice’s own, gets an error', async () => {
    const provider = await start()
    await provider.putLink(fromConsumer)
    const refused = async (subject: string, source?: string) =>
      ((await ask(provider, 'publish', [message(subject)], source).answer) as { tag: 'err'; val: string }).val
    assert.match(await refused('a', 'stranger'), /stranger has no link named default to nats/)
    for (const subject of ['', 'a b', 'a\r\nPUB x 0', 'a..b', 'a.*', '>'])
      assert.match(await refused(subject), /expected tokens with dots between them/, subject)
    for (const subject of [
      'wasmbus.ctl.v1.test.host.stop.N1',
      'wasmcloud.secrets.v1alpha1.nats-kv.add_mapping.MA',
      '$JS.API.STREAM.DELETE.x',
      'test.kv.wrpc.0.0.1.x.get',
    ])
      assert.match(await refused(subject), /belongs to the lattice or to JetStream/, subject)
    const big = await ask(provider, 'publish', [{ ...message('big'), body: Buffer.alloc(2_000_000) }]).answer
    assert.match((big as { val: string }).val, /max.*payload/i)
  })

  test('messages of a subscription come in with the context that they carry', async () => {
    const calls: Call[] = []
    const provider = await start(async () => ok, {
      enter: (call, next) => {
        calls.push(call)
        return next(call)
      },
    })
    await provider.putLink(toHandler({ subscriptions: 'in.*|workers, other', timeout_ms: '7000' }))
    const made = headers()
    made.set('traceparent', `00-${traceId}-${'d'.repeat(16)}-01`)
    made.set('baggage', 'user=bob')
    peer.publish('in.one', 'a', { headers: made, reply: 'back' })
    peer.publish('other', 'b')
    await until(() => calls.length === 2)
    const [first, second] = calls
    assert.deepEqual(first?.args, [{ subject: 'in.one', body: Buffer.from('a'), replyTo: 'back' }])
    assert.equal(first?.context.trace?.spanId, 'd'.repeat(16))
    assert.equal(first?.context.baggage, 'user=bob')
    assert.ok((first?.context.deadline ?? 0) - Date.now() <= 7000)
    assert.deepEqual([first?.recipient, second?.recipient], ['packer', 'packer'])
    assert.partialDeepStrictEqual(first?.message, { subscription: 'in.*', group: 'workers' })
    assert.equal(first?.message?.sentUnder?.spanId, 'd'.repeat(16))
    assert.partialDeepStrictEqual(second?.message, {
      subscription: 'other',
      group: undefined,
      sentUnder: undefined,
    })
  })

  test('a component that refuses, traps or is away costs its message only', async () => {
    const handled: string[] = []
    const provider = await start(async ({ body }) => {
      handled.push(body)
      if (body === 'refuse') return { tag: 'err', val: 'not today' }
      if (body === 'trap') throw new WeftError('trapped', 'unreachable')
      return ok
    })
    await provider.putLink(toHandler({ subscriptions: 'fail' }))
    for (const body of ['refuse', 'trap', 'well']) peer.publish('fail', body)
    await until(() => handled.length === 3)
    await until(() => lines.length === 2)
    assert.match(lines[0]?.message ?? '', /message on fail: packer refused it: not today/)
    assert.match(lines[1]?.message ?? '', /message on fail: unreachable/)
  })

  test('threads of a host share what one instance gets; another host gets all of it', async () => {
    const seen: Record<string, string[]> = { one: [], two: [], other: [] }
    const count =
      (name: string) =>
      async ({ body }: { body: string }) => {
        seen[name]?.push(body)
        return ok
      }
    const config = toHandler({ subscriptions: 'shared' })
    await (await start(count('one'))).putLink(config)
    await (await start(count('two'), { isLeader: false })).putLink(config)
    await (await start(count('other'), { hostId: 'N2' })).putLink(config)
    for (let at = 0; at < 60; at += 1) peer.publish('shared', String(at))
    await until(() => (seen['other']?.length ?? 0) === 60)
    await until(() => (seen['one']?.length ?? 0) + (seen['two']?.length ?? 0) === 60)
    assert.equal(new Set([...(seen['one'] ?? []), ...(seen['two'] ?? [])]).size, 60)
  })

  test('no more are under way than the link allows, and what there is no room for is dropped with a word', async () => {
    const gate = Promise.withResolvers<void>()
    let now = 0
    let most = 0
    let done = 0
    const provider = await start(async () => {
      now += 1
      most = Math.max(most, now)
      await gate.promise
      now -= 1
      done += 1
      return ok
    })
    await provider.putLink(toHandler({ subscriptions: 'flood', max_in_flight: '3' }))
    for (let at = 0; at < 1010; at += 1) peer.publish('flood', String(at))
    await until(() => lines.length === 7)
    assert.match(lines[0]?.message ?? '', /too many messages of flood wait for packer/)
    gate.resolve()
    await until(() => done === 1003)
    assert.equal(most, 3)
  })

  test('with max_in_flight 1 messages stay in order, on one thread of the host', async () => {
    const seen: string[] = []
    const handle = async ({ body }: { body: string }) => {
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 3))
      seen.push(body)
      return ok
    }
    const config = toHandler({ subscriptions: 'ordered', max_in_flight: '1' })
    await (await start(handle)).putLink(config)
    await (await start(handle, { isLeader: false })).putLink(config)
    const sent = Array.from({ length: 50 }, (_, at) => String(at))
    for (const body of sent) peer.publish('ordered', body)
    await until(() => seen.length === 50)
    assert.deepEqual(seen, sent)
  })

  test('a link that is gone gives no more messages; what had come is handled', async () => {
    const gate = Promise.withResolvers<void>()
    const seen: string[] = []
    const provider = await start(async ({ body }) => {
      if (body === 'slow') await gate.promise
      seen.push(body)
      return ok
    })
    const config = toHandler({ subscriptions: 'gone' })
    await provider.putLink(config)
    peer.publish('gone', 'slow')
    await peer.flush()
    await provider.deleteLink(config)
    await until(() => provider.health?.().then((problem) => problem === undefined) ?? true)
    gate.resolve()
    await until(() => seen.includes('slow'))
    await assert.rejects(peer.request('gone', 'late', { timeout: 5000 }), /no responders|503/i)
    assert.deepEqual(seen, ['slow'])
  })

  test('a link that moves under load loses no message, and no message comes twice', async () => {
    const seen: string[] = []
    const targets = new Set<string>()
    const provider = await start(async ({ body }, call) => {
      targets.add(call.target)
      seen.push(body)
      return ok
    })
    const before = toHandler({ subscriptions: 'moving' })
    const after = {
      ...before,
      target: 'other',
      sourceConfig: { subscriptions: 'moving', max_in_flight: '9' },
    }
    await provider.putLink(before)
    const sent = Array.from({ length: 300 }, (_, at) => String(at))
    for (const [at, body] of sent.entries()) {
      peer.publish('moving', body)
      if (at === 100) await peer.flush()
      if (at === 150) await provider.moveLink?.(before, after)
    }
    await until(() => seen.length >= 300)
    assert.deepEqual(
      seen
        .map(Number)
        .sort((a, b) => a - b)
        .map(String),
      sent,
    )
    assert.deepEqual([...targets], ['packer', 'other'])
  })

  describe('from a JetStream consumer', () => {
    let manager: JetStreamManager
    before(async () => {
      manager = await jetstreamManager(peer)
      await manager.streams.add({ name: 'JOBS', subjects: ['jobs.*'] })
    })
    /** A consumer of its own on a subject of its own. */
    const consumerOf = async (name: string, config: Partial<ConsumerConfig> = {}) => {
      const filter = { durable_name: name, filter_subject: `jobs.${name}`, ack_policy: 'explicit' as const }
      await manager.consumers.add('JOBS', { ...filter, ...config })
      const consumers = JSON.stringify([{ stream: 'JOBS', consumer: name }])
      const left = async () => {
        const { num_pending, num_ack_pending } = await manager.consumers.info('JOBS', name)
        return num_pending + num_ack_pending
      }
      return { link: toHandler({ consumers }), left }
    }

    test('messages that were there before are handled, acknowledged, and come once over all threads', async () => {
      const seen: string[] = []
      const calls: Call[] = []
      const { link: config, left } = await consumerOf('waiting')
      const made = headers()
      made.set('traceparent', `00-${traceId}-${'d'.repeat(16)}-01`)
      for (let at = 0; at < 100; at += 1) peer.publish('jobs.waiting', String(at), { headers: made })
      const handle = async ({ body }: { body: string }) => {
        seen.push(body)
        return ok
      }
      const enter: ProviderContext['enter'] = (call, next) => {
        calls.push(call)
        return next(call)
      }
      await (await start(handle, { enter })).putLink(config)
      await (await start(handle, { enter, isLeader: false })).putLink(config)
      await until(async () => seen.length === 100 && (await left()) === 0)
      assert.equal(new Set(seen).size, 100)
      assert.deepEqual(calls[0]?.message, {
        system: 'nats',
        subscription: 'JOBS',
        group: 'waiting',
        sentUnder: { traceId, spanId: 'd'.repeat(16), sampled: true, traceState: '' },
      })
      assert.ok(calls.every((call) => (call.args[0] as { replyTo: unknown }).replyTo === undefined))
    })

    test('a message that is refused, or whose component is away, comes again until it is handled', async () => {
      const times: number[] = []
      const { link: config, left } = await consumerOf('again')
      const provider = await start(async () => {
        times.push(performance.now())
        if (times.length === 1) return { tag: 'err', val: 'not yet' }
        return ok
      })
      await provider.putLink(config)
      peer.publish('jobs.again', 'x')
      await until(async () => times.length === 2 && (await left()) === 0, { timeoutMs: 15_000 })
      assert.ok((times[1] ?? 0) - (times[0] ?? 0) >= 900, 'after a pause')
    })

    test('what takes longer than the server waits for does not come twice', async () => {
      let count = 0
      const { link: config, left } = await consumerOf('slow', { ack_wait: 500_000_000 })
      const provider = await start(async () => {
        count += 1
        await new Promise((resolve) => setTimeout(resolve, 1600))
        return ok
      })
      await provider.putLink(config)
      peer.publish('jobs.slow', 'x')
      await until(async () => count > 0 && (await left()) === 0, { timeoutMs: 15_000 })
      assert.equal(count, 1)
    })

    test('what a provider had under way when it was cut off comes to another', async () => {
      const { link: config, left } = await consumerOf('lost', { ack_wait: 500_000_000 })
      const gate = Promise.withResolvers<void>()
      const wire = await proxyTo(nats.url)
      const stuck = await start(async () => {
        await gate.promise
        return ok
      })
      await stuck.putLink({ ...config, sourceConfig: { ...config.sourceConfig, cluster_uris: wire.url } })
      peer.publish('jobs.lost', 'x')
      await until(async () => (await manager.consumers.info('JOBS', 'lost')).num_ack_pending === 1)
      wire.cut()
      const seen: string[] = []
      const other = await start(async ({ body }) => {
        seen.push(body)
        return ok
      })
      await other.putLink(config)
      await until(async () => seen.length === 1 && (await left()) === 0, { timeoutMs: 15_000 })
      gate.resolve()
    })

    test('no more are fetched than may be under way', async () => {
      const gate = Promise.withResolvers<void>()
      let now = 0
      const { link: config, left } = await consumerOf('bounded')
      const provider = await start(async () => {
        now += 1
        await gate.promise
        return ok
      })
      await provider.putLink({ ...config, sourceConfig: { ...config.sourceConfig, max_in_flight: '4' } })
      for (let at = 0; at < 20; at += 1) peer.publish('jobs.bounded', String(at))
      await until(() => now === 4)
      await peer.flush()
      assert.equal((await manager.consumers.info('JOBS', 'bounded')).num_ack_pending, 4)
      gate.resolve()
      await until(async () => now === 20 && (await left()) === 0)
    })

    test('a consumer that there is not, and config that is none, are refused', async () => {
      const provider = await start()
      const put = (consumers: string) => provider.putLink(toHandler({ consumers }))
      await assert.rejects(put('[{"stream":"JOBS","consumer":"nobody"}]'), {
        code: 'not_found',
        message: /JetStream has no consumer nobody of stream JOBS: make it first/,
      })
      for (const text of ['', 'JOBS', '{}', '[]', '[{"stream":"JOBS"}]', '[{"stream":"a.b","consumer":"c"}]'])
        await assert.rejects(put(text), { code: 'invalid', message: /`consumers`: expected JSON such as \[/ })
    })
  })

  test('a link logs in to its own NATS with what its config or its secrets give', async () => {
    const accounts = await makeNatsAccounts()
    const own = await startNats(accounts.args)
    try {
      const { jwt, seed } = await accounts.user('one')
      const provider = await start()
      const sourceConfig = { subscriptions: 'in', cluster_uris: own.url, client_jwt: jwt }
      await assert.rejects(provider.putLink(toHandler({ subscriptions: 'in', cluster_uris: own.url })), {
        code: 'denied',
      })
      const secret = { client_seed: { tag: 'string', val: seed } } as const
      await provider.putLink({ ...toHandler(sourceConfig), sourceSecrets: secret })
      await provider.putLink({ ...fromConsumer, targetConfig: { ...sourceConfig, client_seed: seed } })
      assert.deepEqual(await ask(provider, 'publish', [message('in')]).answer, ok)
    } finally {
      await own.stop()
      await accounts.close()
    }
  })

  test('NATS that goes and comes back brings the subscriptions back', async () => {
    const port = await freePort()
    let own = await startNats(['-p', String(port)])
    const seen: string[] = []
    try {
      const provider = await start(async ({ body }) => {
        seen.push(body)
        return ok
      })
      await provider.putLink(toHandler({ subscriptions: 'there', cluster_uris: own.url }))
      await own.stop()
      own = await startNats(['-p', String(port)])
      const other = await connect({ servers: own.url })
      await until(
        () => {
          other.publish('there', 'again')
          return seen.includes('again')
        },
        { timeoutMs: 20_000 },
      )
      await other.close()
    } finally {
      await own.stop()
    }
  })

  for (const [config, message] of [
    [{}, /`subscriptions`: expected subjects such as orders\.new/],
    [{ subscriptions: 'a..b' }, /got "a\.\.b"/],
    [{ subscriptions: 'a|b|c' }, /got "a\|b\|c"/],
    [{ subscriptions: '>' }, /takes in the lattice's own messages/],
    [{ subscriptions: '*.>' }, /takes in the lattice's own messages/],
    [{ subscriptions: 'wasmbus.evt.>' }, /takes in the lattice's own messages/],
    [{ subscriptions: '*.ctl.>' }, /takes in the lattice's own messages/],
    [{ subscriptions: 'test.>' }, /takes in the lattice's own messages/],
    [{ subscriptions: '_INBOX.>' }, /takes in the lattice's own messages/],
    [{ subscriptions: 'wasmcloud.*.v1alpha1.*.get' }, /takes in the lattice's own messages/],
    [
      { subscriptions: 'a', timeout_ms: 'soon' },
      /`timeout_ms`: expected milliseconds such as 30000, got "soon"/,
    ],
    [{ subscriptions: 'a', max_in_flight: '0' }, /`max_in_flight`: expected a number such as 64, got "0"/],
  ] as const) {
    test(`link config ${JSON.stringify(config)} is refused, and health says why`, async () => {
      const provider = await start()
      const wrong = toHandler(config)
      await assert.rejects(provider.putLink(wrong), { message })
      assert.match((await provider.health?.()) ?? '', message)
      await provider.deleteLink(wrong)
      assert.equal(await provider.health?.(), undefined)
    })
  }

  test("the lattice's NATS by another name is guarded as well", async () => {
    const provider = await start()
    const url = nats.url.replace('127.0.0.1', 'localhost')
    assert.notEqual(url, nats.url)
    await assert.rejects(provider.putLink(toHandler({ subscriptions: '>', cluster_uris: url })), {
      code: 'denied',
    })
  })

  test('on a NATS of its own a link may subscribe to everything', async () => {
    const own = await startNats()
    const other = await connect({ servers: own.url })
    try {
      const seen: string[] = []
      const provider = await start(async ({ subject }) => {
        seen.push(subject)
        return ok
      })
      await provider.putLink(toHandler({ subscriptions: '>', cluster_uris: own.url }))
      other.publish('any.thing', '')
      await until(() => seen.includes('any.thing'))
    } finally {
      await other.close()
      await own.stop()
    }
  })
})

/** A way to NATS that can be cut. */
async function proxyTo(url: string): Promise<{ readonly url: string; cut(): void }> {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    const onward = connectTcp(Number(new URL(url).port), '127.0.0.1')
    for (const each of [socket, onward]) sockets.add(each.on('error', () => {}))
    socket.pipe(onward).pipe(socket)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `nats://127.0.0.1:${(server.address() as AddressInfo).port}`,
    cut() {
      server.close()
      for (const socket of sockets) socket.destroy()
    },
  }
}
