import { request } from 'node:http'
import { atLeast, type Bench, below } from './bench.ts'
import { cpuSeconds, rssMiB } from './cpu-seconds.ts'
import { type Served, serveEcho, serveWeft } from './serve-bench.ts'

const size = 100 * 1024 * 1024
const chunk = Buffer.alloc(64 * 1024, 'x')

/** Sends 100 MB and reads as many back; gives the bytes that came. */
function echo({ url }: Served): Promise<number> {
  return new Promise((resolve, reject) => {
    let received = 0
    const sent = request(new URL('/echo', url), { method: 'POST' }, (answer) => {
      answer.on('data', (bytes: Buffer) => {
        received += bytes.length
      })
      answer.on('end', () => resolve(received))
      answer.on('error', reject)
    })
    sent.on('error', reject)
    let left = size
    const write = () => {
      while (left > 0) {
        left -= chunk.length
        if (!sent.write(chunk)) {
          sent.once('drain', write)
          return
        }
      }
      sent.end()
    }
    write()
  })
}

const rounds = 6

/** CPU seconds of a server for one echo, and what its memory grew by at most. */
class Meter {
  readonly #served: Served
  readonly #begin: number
  #highest: number
  #cpu = 0

  private constructor(served: Served, rss: number) {
    this.#served = served
    this.#begin = rss
    this.#highest = rss
  }

  /** After some echoes to warm up. */
  static async of(served: Served): Promise<Meter> {
    await echo(served)
    await echo(served)
    return new Meter(served, await rssMiB(served.pid))
  }

  async round(): Promise<void> {
    const { pid } = this.#served
    const watch = setInterval(async () => {
      this.#highest = Math.max(this.#highest, await rssMiB(pid))
    }, 20)
    try {
      const before = await cpuSeconds(pid)
      const bytes = await echo(this.#served)
      if (bytes !== size) throw new Error(`${bytes} bytes came back of ${size}`)
      this.#cpu += (await cpuSeconds(pid)) - before
    } finally {
      clearInterval(watch)
    }
  }

  get cpu(): number {
    return this.#cpu / rounds
  }

  get grown(): number {
    return this.#highest - this.#begin
  }
}

export const benches: readonly Bench[] = [
  {
    name: 'stream-100mb',
    async run() {
      const [base, own] = [await serveEcho(), await serveWeft('test/guests/http-hello-p2/http-hello-p2.wasm')]
      try {
        const [plain, weft] = [await Meter.of(base), await Meter.of(own)]
        // In turn: what else the machine does meets both.
        for (let round = 0; round < rounds; round++) {
          await plain.round()
          await weft.round()
        }
        return [
          atLeast(0.5, {
            bench: 'stream-100mb',
            value: weft.cpu,
            unit: 's CPU',
            baseline: plain.cpu,
            ratio: plain.cpu / weft.cpu,
          }),
          below(64, { bench: 'stream-100mb growth', value: weft.grown, unit: 'MiB', baseline: plain.grown }),
        ]
      } finally {
        await own.close()
        await base.close()
      }
    },
  },
]
