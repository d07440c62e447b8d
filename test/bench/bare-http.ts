import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'

// The baseline: what Node alone does on one thread, or on as many as asked for that share a port. Prints its port.
const threads = Number(process.argv[2] ?? 1)

if (!isMainThread) parentPort?.postMessage(await serve(workerData as number))
else if (threads === 1) console.log(await serve(0))
else {
  let port = 0
  for (let index = 0; index < threads; index++) {
    const worker = new Worker(new URL(import.meta.url), { workerData: port })
    const [taken] = (await once(worker, 'message')) as [number]
    port = taken
  }
  console.log(port)
}

async function serve(port: number): Promise<number> {
  const server = createServer((req, res) => {
    if (req.url === '/echo') {
      req.pipe(res)
      return
    }
    res.writeHead(200, { 'content-type': 'text/plain' })
    res.end('hello\n')
  })
  server.listen({ port, host: '127.0.0.1', reusePort: !isMainThread })
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}
