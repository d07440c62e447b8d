import { instrument } from '../../src/component/instrument.ts'
import { Pace } from '../../src/component/pace.ts'
import { TrackedMemory } from '../../src/component/tracked-memory.ts'
import { atMost, type Bench, quantile } from './bench.ts'

/** (module) with one page of memory and `run: (n) -> i32`, whose body is the kernel; assembled by hand below. */
interface Kernel {
  readonly name: string
  /** The loop's body: local 0 is n and counts down, local 1 an accumulator. */
  readonly body: readonly number[]
}

const kernels: readonly Kernel[] = [
  // acc = acc * 31 + n
  { name: 'multiply', body: [0x20, 1, 0x41, 31, 0x6c, 0x20, 0, 0x6a, 0x21, 1] },
  // acc = rotl(acc ^ n, 5)
  { name: 'rotate', body: [0x20, 1, 0x20, 0, 0x73, 0x41, 5, 0x77, 0x21, 1] },
  // acc += mem[(n & 0x3fff) << 2]
  {
    name: 'load',
    body: [0x20, 1, 0x20, 0, 0x41, 0xff, 0xff, 0, 0x71, 0x41, 2, 0x74, 0x28, 2, 0, 0x6a, 0x21, 1],
  },
  // mem[(n & 0x3fff) << 2] = acc; acc += n
  {
    name: 'store',
    body: [
      0x20, 0, 0x41, 0xff, 0xff, 0, 0x71, 0x41, 2, 0x74, 0x20, 1, 0x36, 2, 0, 0x20, 1, 0x20, 0, 0x6a, 0x21, 1,
    ],
  },
  // acc = (acc + n) / 3 | 1
  { name: 'divide', body: [0x20, 1, 0x20, 0, 0x6a, 0x41, 3, 0x6e, 0x41, 1, 0x72, 0x21, 1] },
]

/** As compilers unroll loops: eight times the body for one turn. */
const unrolled = kernels.map(({ name, body }) => ({
  name: `${name} ×8`,
  body: Array.from({ length: 8 }, () => body).flat(),
}))

const turns = 10_000_000

/** A tight loop with the host's checks and marks, beside the same without. */
export const benches: readonly Bench[] = [
  {
    name: 'preempt',
    async run() {
      const all = [...kernels, ...unrolled]
      const ratios = all.map(({ body }) => {
        const bytes = moduleOf(body)
        const plain = new WebAssembly.Instance(new WebAssembly.Module(bytes as BufferSource))
        const checked = instrumented(bytes)
        const samples: { readonly plain: number; readonly checked: number }[] = []
        for (let round = 0; round < 7; round++)
          samples.push({ plain: timeOf(plain), checked: timeOf(checked) })
        const least = (side: 'plain' | 'checked') =>
          Math.min(...samples.slice(2).map((sample) => sample[side]))
        return { plain: least('plain'), checked: least('checked') }
      })
      const each = ratios.map(({ plain, checked }) => checked / plain)
      return [
        ...all.map(({ name }, index) => ({
          bench: `preempt ${name}`,
          value: ((ratios[index]?.checked ?? 0) * 1e6) / turns,
          unit: 'ns/turn',
          baseline: ((ratios[index]?.plain ?? 0) * 1e6) / turns,
          ratio: each[index] ?? Number.NaN,
        })),
        atMost(1.15, {
          bench: 'preempt median',
          value: quantile(each, 0.5),
          unit: '×',
          ratio: quantile(each, 0.5),
        }),
      ]
    },
  },
]

function timeOf({ exports }: WebAssembly.Instance): number {
  const run = exports['run'] as (turns: number) => number
  const start = performance.now()
  run(turns)
  return performance.now() - start
}

function instrumented(bytes: Uint8Array): WebAssembly.Instance {
  const made = instrument(bytes)
  if (!made.info.memory) throw new Error('the kernel was not instrumented')
  const tracked = new TrackedMemory({ initial: 1, maximum: 1 })
  const host = {
    check: () => 0,
    yield() {},
    waiting() {},
    resumed() {},
    limit() {},
    tables: (by: number) => by,
    claim: () => 1,
    memory: tracked.memory,
    dirty: tracked.dirty,
    flag: new Pace().memory,
  }
  return new WebAssembly.Instance(new WebAssembly.Module(made.bytes as BufferSource), { $weft: host })
}

function moduleOf(body: readonly number[]): Uint8Array {
  // loop { body; if (n -= 1) continue } acc
  const code = [
    1,
    1,
    0x7f,
    0x03,
    0x40,
    ...body,
    0x20,
    0,
    0x41,
    1,
    0x6b,
    0x22,
    0,
    0x0d,
    0,
    0x0b,
    0x20,
    1,
    0x0b,
  ]
  const leb = (value: number): number[] => (value < 128 ? [value] : [(value & 127) | 128, ...leb(value >> 7)])
  const section = (id: number, content: readonly number[]) => [id, ...leb(content.length), ...content]
  return Uint8Array.from([
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, [1, 0x60, 1, 0x7f, 1, 0x7f]),
    ...section(3, [1, 0]),
    ...section(5, [1, 0, 1]),
    ...section(7, [1, 3, 0x72, 0x75, 0x6e, 0, 0]),
    ...section(10, [1, ...leb(code.length), ...code]),
  ])
}
