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

/** CPU seconds of the server for one echo, and what its memory grew by. */
async function measured(served: Served): Promise<{ readonly cpu: number; readonly grown: number }> {
  await echo(served)
  const before = { cpu: await cpuSeconds(served.pid), rss: await rssMiB(served.pid) }
  let highest = before.rss
  const watch = setInterval(async () => {
    highest = Math.max(highest, await rssMiB(served.pid))
  }, 50)
  const rounds = 3
  for (let round = 0; round < rounds; round++) {
    const bytes = await echo(served)
    if (bytes !== size) throw new Error(`${bytes} bytes came back of ${size}`)
  }
  clearInterval(watch)
  return { cpu: ((await cpuSeconds(served.pid)) - before.cpu) / rounds, grown: highest - before.rss }
}

export const benches: readonly Bench[] = [
  {
    name: 'stream-100mb',
    async run() {
      const [base, own] = [await serveEcho(), await serveWeft('test/guests/http-hello-p2/http-hello-p2.wasm')]
      try {
        const [plain, weft] = [await measured(base), await measured(own)]
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
