import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

// The baseline: what Node alone does on one thread. Prints its port.
const server = createServer((req, res) => {
  if (req.url === '/echo') {
    req.pipe(res)
    return
  }
  res.writeHead(200, { 'content-type': 'text/plain' })
  res.end('hello\n')
})
server.listen(0, '127.0.0.1', () => console.log((server.address() as AddressInfo).port))
