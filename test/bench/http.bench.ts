import { atLeast, type Bench, type BenchRow } from './bench.ts'
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

/** Two threads against one, by requests per second: both share the cores with the load generator. */
const threads: Bench = {
  name: 'http-threads',
  async run() {
    const [one, two] = [await serveWeft(helloP2, { threads: 1 }), await serveWeft(helloP2, { threads: 2 })]
    try {
      const [single, double] = [await measure(one), await measure(two)]
      return [
        atLeast(0.9, {
          bench: 'http-threads',
          value: double.cpuMicros,
          unit: 'µs CPU/req',
          baseline: single.cpuMicros,
          ratio: single.cpuMicros / double.cpuMicros,
        }),
      ]
    } finally {
      await one.close()
      await two.close()
    }
  },
}

export const benches: readonly Bench[] = [
  threads,
  beside('http-ready', 0.45, { baseline: serveBare, server: () => serveWeft(helloP2) }),
  beside('http-reuse', 0.55, {
    baseline: serveBare,
    server: () => serveWeft(helloP2, { traits: [{ type: 'reuse', properties: { invocations: 1_000_000 } }] }),
  }),
  beside('http-fresh', 5, {
    baseline: () => serveJco(helloP2, 'isolated'),
    server: () => serveWeft(helloP2),
  }),
  beside('jco-serve', 5, { baseline: () => serveJco(helloP2, 'one'), server: () => serveWeft(helloP2) }),
  beside('http-ready-p3', 0.7, { baseline: () => serveWeft(helloP2), server: () => serveWeft(helloP3) }),
]
