import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Call } from '../../src/call/call.ts'
import { Instance } from '../../src/component/instance.ts'
import { Pace } from '../../src/component/pace.ts'
import { prepare } from '../../src/component/prepare.ts'
import { compile } from '../../src/guest/compile.ts'
import { fakeServices, guestCall, openGuests } from '../support/guest.ts'
import { root } from '../support/weft.ts'
import { type Bench, type BenchRow, below, quantile } from './bench.ts'

const rounds = 400

/** Milliseconds of each of many runs of `deed`, after some to warm up. */
async function times(deed: () => unknown, count = rounds): Promise<number[]> {
  const taken: number[] = []
  for (let round = 0; round < count * 1.5; round++) {
    const start = performance.now()
    await deed()
    if (round >= count / 2) taken.push(performance.now() - start)
  }
  return taken
}

/**
 * What it takes to make an instance, without a call: in new memory, and in that of the one before, wiped within the time
 * that is taken.
 */
async function instantiate(path: string): Promise<{ readonly fresh: number; readonly recycled: number }> {
  const { program, modules } = compile(await readFile(join(root, path)), path)
  const options = {
    program: prepare(program),
    modules: modules.map(({ bytes, info }) => ({
      info,
      module: new WebAssembly.Module(bytes as BufferSource),
    })),
    imports: {},
    limits: { bufferedBytes: 1e8, handles: 10_000, tableElements: 1e6, memoryBytes: 256 * 1024 * 1024 },
    pace: new Pace(),
  }
  const fresh = quantile(await times(() => new Instance(options)), 0.5)
  let memories: ReturnType<Instance['retire']>
  const recycled = await times(() => {
    memories = new Instance({ ...options, memories }).retire()
  })
  return { fresh, recycled: quantile(recycled, 0.5) }
}

export const benches: readonly Bench[] = [
  {
    name: 'instantiate',
    async run(): Promise<readonly BenchRow[]> {
      const rust = await instantiate('test/guests/http-hello-p2/http-hello-p2.wasm')
      const quickJs = await instantiate('manifests/hello/hello.wasm')
      return [
        below(0.15, { bench: 'instantiate rust', value: rust.recycled, unit: 'ms p50' }),
        below(0.15, { bench: 'instantiate rust in new memory', value: rust.fresh, unit: 'ms p50' }),
        below(0.5, { bench: 'instantiate quickjs', value: quickJs.recycled, unit: 'ms p50' }),
        { bench: 'instantiate quickjs in new memory', value: quickJs.fresh, unit: 'ms p50' },
      ]
    },
  },
  {
    name: 'local-call',
    async run(): Promise<readonly BenchRow[]> {
      const guests = await openGuests()
      try {
        const component = await guests.load('test/guests/calc/calc.wasm')
        const services = fakeServices()
        const call = (): Call => guestCall(component, 'add', [1, 2])
        const own = quantile(await times(() => component.run(call(), services), 4000), 0.5)
        const empty = quantile(await times(async () => call(), 4000), 0.5)
        return [
          below(50, {
            bench: 'local-call',
            value: own * 1000,
            unit: 'µs p50',
            baseline: empty * 1000,
            ratio: own / empty,
          }),
        ]
      } finally {
        await guests.close()
      }
    },
  },
]
