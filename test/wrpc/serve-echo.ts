import { setTimeout as delay } from 'node:timers/promises'
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
      if (call.args[0] !== 'slow') return call.args[0]
      await delay(500)
      call.course.commit()
      texts.push('late')
      return call.args[0]
    },
    { id },
  )
  process.once('message', () => {
    process.send?.(texts, () => process.exit())
  })
  process.send?.('serving')
}
