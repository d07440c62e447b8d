import { setTimeout as delay } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { quantile } from '../bench/bench.ts'
import { rssMiB } from '../bench/cpu-seconds.ts'
import { httpLoad, type LoadResult } from '../bench/http-load.ts'
import { serveApps } from './serve-apps.ts'

// npm run soak -- [--seconds 600] [--untimed]: two good components under load, first alone, then beside one that loops,
// leaks and traps. Untimed, latencies are told and not judged: on a machine that others use they say little.
const { values } = parseArgs({
  options: { seconds: { type: 'string', default: '600' }, untimed: { type: 'boolean', default: false } },
})
const seconds = Number(values.seconds)
const aloneSeconds = Math.max(5, seconds / 6)
const mixedSeconds = seconds - aloneSeconds
const settleSeconds = mixedSeconds / 4
/** So long nothing runs before memory is measured: a guest at work may hold all that its limit allows, now and then. */
const restSeconds = Math.min(45, seconds / 10)
// A heap takes minutes to find its size.
const mostGrowth = seconds >= 300 ? 0.1 : 0.5

const served = await serveApps()
try {
  await load(served.good, Math.min(10, aloneSeconds))
  const alone = await load(served.good, aloneSeconds)
  // What the bad one costs at first (its instances, its log lines, the size that heaps find) is no growth.
  const first = misbehave(served.bad)
  const settling = await load(served.good, settleSeconds)
  await first.stop()
  const before = await restedRss(served.pid)
  const bad = misbehave(served.bad)
  const mixed = await load(served.good, mixedSeconds - settleSeconds)
  const misdeeds = await bad.stop()
  const grown = (await restedRss(served.pid)) - before
  report({ alone, mixed, lost: settling.errors, misdeeds, grown, before })
} finally {
  await served.close()
}

interface Load {
  readonly requests: number
  readonly errors: number
  readonly p99: number
}

/** What a garbage collection is about to free is no growth: the least of a few looks. */
async function restedRss(pid: number): Promise<number> {
  await delay(restSeconds * 1000)
  const looks: number[] = []
  for (let look = 0; look < 5; look += 1) {
    looks.push(await rssMiB(pid))
    await delay(400)
  }
  return Math.min(...looks)
}

/** The same modest load on every good component: what saturates the machine would show nothing but that. */
async function load(urls: readonly string[], forSeconds: number): Promise<Load> {
  const results: LoadResult[] = await Promise.all(
    urls.map((url) => httpLoad(url, { connections: 8, seconds: forSeconds, pauseMs: 10 })),
  )
  return {
    requests: results.reduce((sum, { requests }) => sum + requests, 0),
    errors: results.reduce((sum, { errors }) => sum + errors, 0),
    p99: quantile(
      results.flatMap(({ latencies }) => latencies),
      0.99,
    ),
  }
}

/** Keeps two calls of each misdeed under way; those that end at once come again after a moment. */
function misbehave(url: string): { stop(): Promise<Record<string, number>> } {
  const counts: Record<string, number> = {}
  let isOver = false
  const keepOn = async (path: string) => {
    while (!isOver) {
      const answer = await fetch(url + path)
      await answer.text()
      await delay(20)
      const key = `${path} ${answer.status}`
      counts[key] = (counts[key] ?? 0) + 1
    }
  }
  const all = ['/spin', '/allocate', '/trap', '/recurse'].flatMap((path) => [keepOn(path), keepOn(path)])
  return {
    async stop() {
      isOver = true
      await Promise.all(all)
      return counts
    },
  }
}

function report(outcome: {
  readonly alone: Load
  readonly mixed: Load
  /** Requests to good ones that were lost before it was measured. */
  readonly lost: number
  readonly misdeeds: Record<string, number>
  readonly grown: number
  readonly before: number
}): void {
  const { alone, mixed, lost, misdeeds, grown, before } = outcome
  const ratio = mixed.p99 / alone.p99
  console.log(`alone  ${alone.requests} requests, ${alone.errors} lost, p99 ${alone.p99.toFixed(2)} ms`)
  console.log(`mixed  ${mixed.requests} requests, ${mixed.errors} lost, p99 ${mixed.p99.toFixed(2)} ms`)
  console.log(`bad    ${JSON.stringify(misdeeds)}`)
  const met = [
    check(alone.errors + lost + mixed.errors === 0, 'the good components lost no request'),
    check(
      ratio <= 3 || values.untimed,
      `their p99 is ${ratio.toFixed(2)} times what it is alone, at most 3 is wanted`,
    ),
    check(grown <= before * mostGrowth, `memory grew by ${grown.toFixed(1)} MiB of ${before.toFixed(0)}`),
  ]
  process.exitCode = met.every(Boolean) ? 0 : 1
}

function check(isMet: boolean, what: string): boolean {
  console.log(`${isMet ? '✓' : '✗'} ${what}`)
  return isMet
}
