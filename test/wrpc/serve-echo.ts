import { connectPeer } from './peers.ts'

const [, , url = '', id = ''] = process.argv

// A test runner that takes every file in here for a test gives no address.
if (url !== '') await serveEcho()

async function serveEcho(): Promise<void> {
  const texts: unknown[] = []
  const peer = await connectPeer(url)
  await peer.serve(
    async (call) => {
      texts.push(call.args[0])
      return call.args[0]
    },
    { id },
  )
  process.once('message', () => {
    process.send?.(texts, () => process.exit())
  })
  process.send?.('serving')
}
