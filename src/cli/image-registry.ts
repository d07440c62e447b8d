import { dockerCredentials } from '../artifact/credentials.ts'
import { type ImageReference, parseReference } from '../artifact/reference.ts'
import { Registry } from '../artifact/registry.ts'
import { WeftError } from '../errors.ts'
import { credentialsFromFlags, insecureFrom, registryFlags } from './artifact-flags.ts'
import type { CommandInput, Flags } from './command.ts'

/** Flags of the commands that talk to a registry. */
export const imageFlags = {
  insecure: { type: 'boolean', help: 'speak plain HTTP with the registry' },
  ...registryFlags,
} as const satisfies Flags

/** The image that an argument names; `invalid` for a file. */
export function imageFrom(text: string | undefined, usage: string): ImageReference {
  if (text === undefined) throw new WeftError('invalid', `expected a reference: ${usage}`)
  const reference = parseReference(text)
  if (reference.kind === 'image') return reference
  throw new WeftError('invalid', `${text} is a file; expected registry/repository:tag`)
}

/** The image's registry with the login that flags, environment or Docker know for it. */
export async function registryFor(
  input: CommandInput,
  image: ImageReference,
  access: 'pull' | 'push',
): Promise<Registry> {
  const credentials = { ...(await dockerCredentials(input.terminal.env)), ...credentialsFromFlags(input) }
  return new Registry({
    image,
    access,
    insecure: input.flags['insecure'] === true || insecureFrom(input).includes(image.registry),
    credential: credentials[image.registry],
  })
}
