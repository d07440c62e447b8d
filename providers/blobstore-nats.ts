import { jetstream, jetstreamManager } from '@nats-io/jetstream'
import { blobstoreInterface } from '../src/capability/blobstore-wit.ts'
import { WeftError } from '../src/errors.ts'
import { defineProvider } from '../src/provider.ts'
import { linkedStores } from './blobstore/linked-stores.ts'
import { natsBlobs } from './blobstore-nats/store.ts'
import { natsConnections, natsLoginOf } from './nats/connections.ts'

/**
 * Blobs in NATS' object store: a container is a bucket there. Link target config: `prefix` before the names of containers
 * in NATS (letters, digits, - and _), so that components with different ones never meet; `cluster_uri`, another NATS than
 * the host's, with `client_jwt` and `client_seed` where it wants a login.
 */
export default defineProvider({
  name: 'blobstore-nats',
  runs: 'per-thread',
  exports: [blobstoreInterface()],
  async start(context) {
    const connections = natsConnections(context)
    return {
      ...linkedStores(context, async (link, config) => {
        const prefix = config['prefix'] ?? ''
        if (!/^[-\w]{0,100}$/.test(prefix))
          throw new WeftError(
            'invalid',
            `link config \`prefix\`: expected letters, digits, - and _, got ${JSON.stringify(prefix)}`,
          )
        const connection = await connections.to(
          config['cluster_uri'] ?? context.natsUrl,
          natsLoginOf(config, link.targetSecrets),
        )
        return natsBlobs({
          client: jetstream(connection),
          manager: await jetstreamManager(connection),
          prefix,
        })
      }),
      stop: connections.close,
    }
  },
})
