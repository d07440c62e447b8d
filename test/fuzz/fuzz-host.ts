import { readdir } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import { Kvm } from '@nats-io/kv'
import type { NatsConnection } from 'nats'
import { connectNats } from '../../src/lattice/connect.ts'
import { openLattice, type TestLattice } from '../support/lattice.ts'
import { metricsIn } from '../support/otlp-metrics.ts'
import { type OtlpReceiver, startOtlpReceiver } from '../support/otlp-receiver.ts'
import { until } from '../support/until.ts'
import { freePort } from '../support/weft.ts'
import { serveEvil } from './evil-server.ts'
import { hostileHeaders, payload, subjectFor } from './hostile.ts'
import { type Random, seeded } from './random.ts'
import { misbehave } from './wrpc-sessions.ts'

/** What a fuzzed host came out with. */
export interface FuzzOutcome {
  /** Hostile messages sent, and conversations held. */
  readonly messages: number
  readonly sessions: number
  /** Calls to a server that answers as it should not; each had an end in time, or is among what went `wrong`. */
  readonly evilCalls: number
  /** Good requests that were made meanwhile, and what went wrong with them. */
  readonly requests: number
  readonly wrong: readonly string[]
  /** What the host holds before and after: open calls, subscriptions, file handles. */
  readonly before: Handles
  readonly after: Handles
  /** Subjects that got rubbish and that no log line names. */
  readonly unnamed: readonly string[]
}

export interface Handles {
  readonly calls: number
  readonly subscriptions: number
  readonly files: number
}

const calc = 'test/guests/calc/calc.wasm'
const hello = 'test/guests/http-hello-p2/http-hello-p2.wasm'

const gateway = 'manifests/chain/gateway/gateway.wasm'
/** What the HTTP server gives a request that ends at the evil server. */
const evilTimeoutMs = 1_500

const link = {
  source_id: 'http',
  target: 'hello',
  name: 'default',
  wit_namespace: 'wasi',
  wit_package: 'http',
  interfaces: ['incoming-handler'],
  source_config: ['address'],
  target_config: [],
}

const evilLink = {
  ...link,
  source_id: 'gateway',
  target: 'evil',
  wit_namespace: 'weft-example',
  wit_package: 'greetings',
  interfaces: ['greeter'],
  source_config: [],
}

/** Does its worst to a host for so long, with good callers beside, and tells what became of it. */
export async function fuzzHost(options: {
  readonly seconds: number
  readonly seed: number
}): Promise<FuzzOutcome> {
  const random = seeded(options.seed)
  const monitor = await freePort()
  const lattice = await openLattice({ natsArgs: ['-m', String(monitor)] })
  const receiver = await startOtlpReceiver()
  try {
    return await fuzz({ lattice, receiver, monitor, random, seconds: options.seconds })
  } finally {
    await lattice.close()
    await receiver.stop()
  }
}

interface Fuzzing {
  readonly lattice: TestLattice
  readonly receiver: OtlpReceiver
  /** The port where NATS tells what its clients are subscribed to. */
  readonly monitor: number
  readonly random: Random
  readonly seconds: number
}

async function fuzz(fuzzing: Fuzzing): Promise<FuzzOutcome> {
  const { lattice, receiver, monitor, random, seconds } = fuzzing
  const host = await lattice.startHost('--controller', '--log-level', 'debug', {
    OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
    OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
    OTEL_METRIC_EXPORT_INTERVAL: '500',
  })
  const port = await freePort()
  await lattice.client.putConfig('address', { address: `127.0.0.1:${port}` })
  await lattice.startProvider(host, 'http', 'http-server')
  await lattice.startProvider(host, 'kv', 'keyvalue-nats')
  await lattice.scale(host, { component_id: 'calc', count: 100, path: calc })
  await lattice.scale(host, { component_id: 'hello', count: 100, path: hello })
  await lattice.client.putLink(link)
  const evilPort = await freePort()
  await lattice.client.putConfig('evil-address', {
    address: `127.0.0.1:${evilPort}`,
    timeout_ms: String(evilTimeoutMs),
  })
  await lattice.scale(host, { component_id: 'gateway', count: 100, path: gateway })
  await lattice.client.putLink(evilLink)
  await lattice.client.putLink({ ...link, name: 'evil', target: 'gateway', source_config: ['evil-address'] })
  const url = `http://127.0.0.1:${port}/`
  await until(
    () =>
      fetch(url).then(
        (answer) => answer.ok,
        () => false,
      ),
    { timeoutMs: 20_000 },
  )
  // Who traps again and again is given a thread of its own, which is no leak.
  const patterns = (await subscribed(monitor)).filter((pattern) => !pattern.endsWith('.trap'))
  const handles = async (told = 0): Promise<Handles> => ({
    calls: openCalls(receiver, told),
    subscriptions: (await subscribed(monitor)).length,
    files: (await readdir(`/proc/${host.weft.pid}/fd`)).length,
  })
  await until(() => !Number.isNaN(openCalls(receiver)), { timeoutMs: 20_000 })
  const before = await handles()
  const good = goodCallers(url)
  const enemy = await connectNats({ url: lattice.nats.url, name: 'enemy' })
  const evil = serveEvil(enemy, 'default.evil.wrpc.0.0.1.weft-example:greetings/greeter@0.1.0.*', random)
  const victims = victimsOf(`http://127.0.0.1:${evilPort}/?name=x`)
  const counts = await attack({ enemy, patterns, random, seconds })
  const { slowest, evilCalls } = await victims.stop()
  evil.stop()
  const { requests, wrong } = await good.stop()
  if (slowest > evilTimeoutMs + 3_000) wrong.push(`a call to the evil server took ${slowest} ms`)
  await enemy.close()
  const isAsBefore = (now: Handles) =>
    now.calls <= before.calls && now.subscriptions <= before.subscriptions && now.files <= before.files + 2
  // What the host told last may be from before the attack.
  const told = receiver.requests.length
  const after = await until(
    async () => {
      const now = await handles(told)
      return isAsBefore(now) ? now : undefined
    },
    { timeoutMs: 30_000 },
  ).catch(() => handles(told))
  // It still does what it is told, and sees what changes.
  await lattice.scale(host, { component_id: 'calc', count: 1, path: calc })
  const answers = () =>
    fetch(url).then(
      (answer) => answer.ok,
      () => false,
    )
  await lattice.client.deleteLink(link)
  await until(async () => !(await answers()), { timeoutMs: 20_000, what: 'the deleted link is gone' })
  await lattice.client.putLink(link)
  await until(answers, { timeoutMs: 20_000, what: 'the link is back' })
  const output = host.weft.output()
  const unnamed = patterns.filter((pattern) => isNamed(pattern) && !output.includes(beginningOf(pattern)))
  return { ...counts, evilCalls, requests, wrong, before, after, unnamed }
}

/** What the host's connections are subscribed to, as the NATS server knows it. */
async function subscribed(monitor: number): Promise<string[]> {
  const answer = await fetch(`http://127.0.0.1:${monitor}/connz?subs=1&limit=1000`)
  const { connections } = (await answer.json()) as {
    connections: { name?: string; subscriptions_list?: string[] }[]
  }
  return connections
    .filter(({ name }) => name?.startsWith('weft-'))
    .flatMap(({ subscriptions_list: list = [] }) => list)
}

/** Calls under way over NATS, by the latest metrics that the receiver got after `told` requests; NaN when none came. */
function openCalls(receiver: OtlpReceiver, told = 0): number {
  const latest = receiver.requests.slice(told).findLast(({ path }) => path === '/v1/metrics')
  if (!latest) return Number.NaN
  const metric = metricsIn(latest).get('weft-host weft.wrpc.open')
  return (metric?.points ?? []).reduce((sum, { asDouble = 0 }) => sum + asDouble, 0)
}

async function attack(options: {
  readonly enemy: NatsConnection
  readonly patterns: readonly string[]
  readonly random: Random
  readonly seconds: number
}): Promise<{ readonly messages: number; readonly sessions: number }> {
  const { enemy, patterns, random, seconds } = options
  const buckets = await Promise.all(
    ['LATTICEDATA_default', 'CONFIGDATA_default'].map((name) => new Kvm(enemy).open(name)),
  )
  const invocations = patterns.filter((pattern) => pattern.includes('.wrpc.0.0.1.'))
  const end = performance.now() + seconds * 1000
  const sessions: Promise<void>[] = []
  let messages = 0
  while (performance.now() < end || messages < patterns.length * 20) {
    for (const pattern of patterns) {
      const subject = subjectFor(pattern, random)
      // Told to stop, in words that it understands, a host stops.
      if (subject.includes('.host.stop.')) continue
      const sent = hostileHeaders(random)
      enemy.publish(subject, payload(random), {
        ...(sent && { headers: sent }),
        ...(random.oneIn(2) && { reply: random.pick([`_INBOX.${random.word(9)}`, subject, 'a.*.b']) }),
      })
      messages += 1
    }
    sessions.push(misbehave(enemy, random.pick(invocations), random))
    const key = `${random.pick(['COMPONENT_', 'CLAIMS_', ''])}fuzz${random.int(9)}`
    const bucket = random.pick(buckets)
    if (random.oneIn(4)) await bucket.delete(key)
    else await bucket.put(key, payload(random))
    await enemy.flush()
  }
  for (const bucket of buckets) {
    for (const prefix of ['COMPONENT_', 'CLAIMS_', '']) {
      for (let number = 0; number < 9; number++) await bucket.purge(`${prefix}fuzz${number}`)
    }
  }
  await Promise.all(sessions)
  return { messages, sessions: sessions.length }
}

/** Asks over HTTP, again and again, for as long as it may. */
function goodCallers(url: string) {
  const wrong: string[] = []
  let requests = 0
  let isOver = false
  const caller = async () => {
    while (!isOver) {
      try {
        const answer = await fetch(url, { signal: AbortSignal.timeout(20_000) })
        const text = await answer.text()
        if (!answer.ok) wrong.push(`${answer.status} ${text}`)
      } catch (error) {
        wrong.push(String(error))
      }
      requests += 1
      await delay(5)
    }
  }
  const callers = [caller(), caller()]
  return {
    async stop() {
      isOver = true
      await Promise.all(callers)
      return { requests, wrong }
    },
  }
}

/** Callers of a component that calls the evil server: however it answers, they get an end in time. */
function victimsOf(url: string): {
  stop(): Promise<{ readonly slowest: number; readonly evilCalls: number }>
} {
  let slowest = 0
  let evilCalls = 0
  let isOver = false
  const victim = async () => {
    while (!isOver) {
      const start = performance.now()
      await fetch(url).then(
        (answer) => answer.text(),
        () => '',
      )
      slowest = Math.max(slowest, performance.now() - start)
      evilCalls += 1
      await delay(5)
    }
  }
  const victims = [victim(), victim(), victim(), victim()]
  return {
    async stop() {
      isOver = true
      await Promise.all(victims)
      return { slowest, evilCalls }
    },
  }
}

/** Inboxes get late messages all the time, and a ping may say anything: nothing to tell of. */
function isNamed(pattern: string): boolean {
  return !/^_INBOX|^\$|host\.ping$|claims\.get$|weft\.(traces|recent-logs)/.test(pattern)
}

/** The part of a subject that is the same for all that it matches. */
function beginningOf(pattern: string): string {
  return pattern.replace(/\.[*>].*$/, '')
}
