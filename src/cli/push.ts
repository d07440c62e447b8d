import { readFile } from 'node:fs/promises'
import { openProviderArchive } from '../artifact/archive.ts'
import type { ArtifactKind } from '../artifact/media-types.ts'
import { pushArtifact } from '../artifact/push.ts'
import { formatReference } from '../artifact/reference.ts'
import { WeftError } from '../errors.ts'
import { checkComponentBytes } from '../guest/component-file.ts'
import { decodeWorld } from '../wit/decode-component.ts'
import { type Command, outputFlag } from './command.ts'
import { imageFlags, imageFrom, registryFor } from './image-registry.ts'
import { printJson, wantsJson } from './output.ts'
import { formatBytes, showProgress } from './progress.ts'
import { refuseExtra } from './refuse-extra.ts'

const usage = 'weft push REFERENCE FILE'

export const command: Command = {
  name: 'push',
  summary: 'Push a component or a provider archive to an OCI registry',
  usage: [`${usage} [flags]`],
  examples: [
    { run: 'weft push ghcr.io/acme/hello:1.0.0 hello.wasm', does: 'push a component under a tag' },
    {
      run: 'weft push localhost:5000/redis:1 redis.par.gz --insecure',
      does: 'push a provider over plain HTTP',
    },
  ],
  flags: { ...imageFlags, ...outputFlag },
  async run(input) {
    const [reference, file] = input.args
    const image = imageFrom(reference, usage)
    if (file === undefined) throw new WeftError('invalid', `expected a file: ${usage}`)
    refuseExtra(input, 'weft push', 2)
    const isJson = wantsJson(input)
    const artifact = await readArtifact(file)
    const progress = showProgress(input, 'pushed')
    const pushed = await pushArtifact({
      registry: await registryFor(input, image, 'push'),
      image,
      ...artifact,
      signal: input.terminal.signal,
      onProgress: progress.step,
    }).finally(progress.end)
    const byDigest = `${image.registry}/${image.repository}@${pushed.digest}`
    if (isJson)
      printJson(input, { reference: formatReference(image), kind: artifact.kind, byDigest, ...pushed })
    else
      input.terminal.out(
        `${formatReference(image)}  ${artifact.kind}, ${formatBytes(pushed.size)}\n${byDigest}\n`,
      )
    return 0
  },
}

interface FileArtifact {
  readonly kind: ArtifactKind
  readonly bytes: Uint8Array
  readonly config?: Readonly<Record<string, unknown>>
}

/** What is in a file, seen in the file itself; a broken one is not pushed. */
async function readArtifact(file: string): Promise<FileArtifact> {
  const bytes = await readFile(file).catch((cause: unknown) => {
    throw new WeftError('invalid', `cannot read ${file}: ${WeftError.from(cause).message}`, { cause })
  })
  const isWasm = bytes.subarray(0, 4).equals(Buffer.from('\0asm', 'latin1'))
  if (!isWasm) {
    await openProviderArchive(bytes, file)
    return { kind: 'provider', bytes }
  }
  checkComponentBytes(bytes, file)
  const world = decodeWorld(bytes)
  const ids = (interfaces: readonly { readonly id: string }[]) =>
    interfaces.map(({ id }) => id).filter((id) => id !== '')
  return {
    kind: 'component',
    bytes,
    config: { exports: ids(world.exports), imports: ids(world.imports), target: null },
  }
}
