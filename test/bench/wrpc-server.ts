import { connect } from 'nats'
import { connectPeer } from '../wrpc/peers.ts'

// The far side of the wRPC benches: `weft` answers calls as the id `server`, `raw` answers requests with what they carry.
const [, , url = ''] = process.argv
const raw = await connect({ servers: url })
raw.subscribe('raw.echo', {
  queue: 'raw',
  callback: (_, message) => {
    message.respond(message.data)
  },
})
let received = 0
raw.subscribe('raw.upload', {
  callback: (_, { data, reply }) => {
    received += data.length
    if (!reply) return
    raw.publish(reply, String(received))
    received = 0
  },
})
await raw.flush()
const peer = await connectPeer(url)
await peer.serve(
  async (call) => {
    if (call.operation.function.name !== 'upload') return call.args[0]
    let bytes = 0n
    for await (const chunk of call.args[0] as AsyncIterable<Uint8Array>) bytes += BigInt(chunk.length)
    return bytes
  },
  { accepts: 'late' },
)
process.stdout.write('ready\n')
