import { writeFile } from 'node:fs/promises'
import { BlobCache } from '../artifact/blob-cache.ts'
import type { ArtifactKind } from '../artifact/media-types.ts'
import { type Pulled, pullArtifact } from '../artifact/pull.ts'
import { formatReference, type ImageReference } from '../artifact/reference.ts'
import { WeftError } from '../errors.ts'
import { defaultArtifactDir } from '../guest/cache.ts'
import { type Command, type CommandInput, outputFlag } from './command.ts'
import { imageFlags, imageFrom, registryFor } from './image-registry.ts'
import { printJson, wantsJson } from './output.ts'
import { formatBytes, showProgress } from './progress.ts'
import { refuseExtra } from './refuse-extra.ts'

const usage = 'weft pull REFERENCE'
const largest = 1024 * 1024 * 1024

export const command: Command = {
  name: 'pull',
  summary: 'Pull a component or a provider archive from an OCI registry',
  usage: [`${usage} [--to FILE] [flags]`],
  examples: [
    { run: 'weft pull ghcr.io/acme/hello:1.0.0', does: 'pull it to hello.wasm' },
    {
      run: 'weft pull localhost:5000/redis:1 --insecure --to redis.par.gz',
      does: 'over plain HTTP, to a file of this name',
    },
  ],
  flags: {
    ...imageFlags,
    to: {
      type: 'string',
      value: 'FILE',
      help: 'where to write it (default: its name with .wasm or .par.gz)',
    },
    ...outputFlag,
  },
  async run(input) {
    const image = imageFrom(input.args[0], usage)
    refuseExtra(input, 'weft pull', 1)
    const isJson = wantsJson(input)
    const progress = showProgress(input, 'pulled')
    const { kind, ...pulled } = await pullEither(input, image, progress.step).finally(progress.end)
    const file = (input.flags['to'] as string | undefined) ?? defaultFile(image, kind)
    await writeFile(file, pulled.bytes)
    const byDigest = `${image.registry}/${image.repository}@${pulled.digest}`
    const { digest, layerDigest, bytes } = pulled
    if (isJson) {
      const size = bytes.length
      printJson(input, { reference: formatReference(image), kind, byDigest, digest, layerDigest, size, file })
    } else input.terminal.out(`${file}  ${kind}, ${formatBytes(bytes.length)}\n${byDigest}\n`)
    return 0
  },
}

/** Tries a component first; what a registry holds is known when its manifest has been read. */
async function pullEither(
  input: CommandInput,
  image: ImageReference,
  onProgress: (done: number, total: number) => void,
): Promise<Pulled & { readonly kind: ArtifactKind }> {
  const options = {
    registry: await registryFor(input, image, 'pull'),
    image,
    largest,
    cache: new BlobCache(defaultArtifactDir(input.terminal.env)),
    signal: input.terminal.signal,
    onProgress,
    onStale: (error: WeftError) =>
      input.terminal.err(`weft: ${error.message}; this is what the tag meant when it was last pulled\n`),
  }
  try {
    return { kind: 'component', ...(await pullArtifact({ ...options, kind: 'component' })) }
  } catch (error) {
    if (WeftError.from(error).code !== 'invalid') throw error
    const provider = await pullArtifact({ ...options, kind: 'provider' }).catch(() => undefined)
    if (provider) return { kind: 'provider', ...provider }
    throw error
  }
}

function defaultFile(image: ImageReference, kind: ArtifactKind): string {
  const name = image.repository.split('/').at(-1) ?? 'artifact'
  return `${name}${kind === 'component' ? '.wasm' : '.par.gz'}`
}
