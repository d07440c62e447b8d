import { mkdir } from 'node:fs/promises'
import { isAbsolute } from 'node:path'
import { blobstoreInterface } from '../src/capability/blobstore-wit.ts'
import { WeftError } from '../src/errors.ts'
import { defineProvider } from '../src/provider.ts'
import { linkedStores } from './blobstore/linked-stores.ts'
import { fileBlobs } from './blobstore-fs/store.ts'

/**
 * Blobs in a folder of the host: a container is a folder, an object a file. Link target config: `root`, the folder's
 * absolute path, made when it is not there; a component reaches nothing beside it. Hosts do not share it unless the file
 * system does.
 */
export default defineProvider({
  name: 'blobstore-fs',
  runs: 'per-thread',
  exports: [blobstoreInterface()],
  async start(context) {
    return {
      ...linkedStores(context, async (_, config) => {
        const root = config['root'] ?? config['ROOT'] ?? ''
        if (!isAbsolute(root))
          throw new WeftError(
            'invalid',
            `link config \`root\`: expected the absolute path of a folder such as /var/lib/blobs, got ${JSON.stringify(root)}`,
          )
        await mkdir(root, { recursive: true }).catch((cause: Error) => {
          throw new WeftError('unavailable', `cannot make the folder ${root}: ${cause.message}`, { cause })
        })
        return fileBlobs(root)
      }),
      async stop() {},
    }
  },
})
