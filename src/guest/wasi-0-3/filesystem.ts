import { HeldOpen } from '../held-open.ts'
import { OpenNode } from '../volume/open-node.ts'
import type { WasiContext } from '../wasi-context.ts'
import { Descriptor } from './descriptor.ts'

/** Files, directories and their streams that one instance may have open. */
const mostOpen = 256

/** `wasi:filesystem@0.3`: the volumes of the manifest, nothing else. Without one a guest has no files. */
export function filesystemImports(context: WasiContext): Record<string, object> {
  const owner = { files: new HeldOpen(context, mostOpen), context }
  return {
    'wasi:filesystem/preopens': {
      getDirectories: () =>
        context.volumes.map(({ root, access, path }) => [
          new Descriptor(OpenNode.root(root, access), owner),
          path,
        ]),
    },
    'wasi:filesystem/types': { Descriptor },
  }
}
