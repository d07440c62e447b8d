import { atLeast, type Bench, type BenchRow, quantile } from './bench.ts'
import { type Measured, measure, type Served, serveBare, serveJco, serveWeft } from './serve-bench.ts'

const helloP2 = 'test/guests/http-hello-p2/http-hello-p2.wasm'
const helloP3 = 'test/guests/http-hello-p3/http-hello-p3.wasm'

/**
 * Requests to a component beside a bare `node:http`, by the CPU time that each takes: on a machine where the load
 * generator and others share the cores, requests a second say more about them than about the server.
 */
function beside(
  name: string,
  bound: number,
  { baseline, server }: { readonly baseline: () => Promise<Served>; readonly server: () => Promise<Served> },
): Bench {
  return {
    name,
    async run(): Promise<readonly BenchRow[]> {
      const [base, own] = [await baseline(), await server()]
      try {
        // In turns, so that what else the machine does meets both.
        const runs: (readonly [Measured, Measured])[] = []
        for (let turn = 0; turn < 3; turn++) runs.push([await measure(base), await measure(own)] as const)
        const cost = (side: 0 | 1) =>
          runs.map((run) => run[side].cpuMicros).toSorted((a, b) => a - b)[1] ?? Number.NaN
        return [
          atLeast(bound, {
            bench: name,
            value: cost(1),
            unit: 'µs CPU/req',
            baseline: cost(0),
            ratio: cost(0) / cost(1),
          }),
        ]
      } finally {
        await own.close()
        await base.close()
      }
    },
  }
}

/**
 * What a request costs on one thread beside what it costs on two, of Weft and of `node:http`: both share the cores with the
 * load generator, where two threads answer fewer requests at a time, each for more CPU.
 */
const threads: Bench = {
  name: 'http-threads',
  async run() {
    await using started = new AsyncDisposableStack()
    const open = async (serving: Promise<Served>) => {
      const served = await serving
      started.defer(() => served.close())
      return { served, costs: [] as number[] }
    }
    const bare = [await open(serveBare(1)), await open(serveBare(2))] as const
    const weft = [
      await open(serveWeft(helloP2, { threads: 1 })),
      await open(serveWeft(helloP2, { threads: 2 })),
    ] as const
    for (let turn = 0; turn < 3; turn++) {
      for (const { served, costs } of [...bare, ...weft])
        costs.push((await measure(served, { seconds: 2, warmSeconds: turn === 0 ? 3 : 0.5 })).cpuMicros)
    }
    const gained = ([one, two]: typeof bare) => quantile(one.costs, 0.5) / quantile(two.costs, 0.5)
    return [
      atLeast(0.9, {
        bench: 'http-threads',
        value: gained(weft),
        unit: '1 ÷ 2 threads',
        baseline: gained(bare),
        ratio: gained(weft) / gained(bare),
      }),
    ]
  },
}

export const benches: readonly Bench[] = [
  threads,
  beside('http-ready', 0.45, { baseline: () => serveBare(), server: () => serveWeft(helloP2) }),
  beside('http-reuse', 0.55, {
    baseline: () => serveBare(),
    server: () => serveWeft(helloP2, { traits: [{ type: 'reuse', properties: { invocations: 1_000_000 } }] }),
  }),
  beside('http-fresh', 5, {
    baseline: () => serveJco(helloP2, 'isolated'),
    server: () => serveWeft(helloP2),
  }),
  beside('jco-serve', 5, { baseline: () => serveJco(helloP2, 'one'), server: () => serveWeft(helloP2) }),
  beside('http-ready-p3', 0.7, { baseline: () => serveWeft(helloP2), server: () => serveWeft(helloP3) }),
]
