import { WeftError } from '../errors.ts'
import type { ProviderDefinition } from '../provider.ts'

type Module = { readonly default: ProviderDefinition }

/** The providers that ship with Weft, loaded when first used. */
const builtin: Readonly<Record<string, () => Promise<Module>>> = {
  'blobstore-fs': () => import('../../providers/blobstore-fs.ts'),
  'blobstore-nats': () => import('../../providers/blobstore-nats.ts'),
  'http-client': () => import('../../providers/http-client.ts'),
  'http-server': () => import('../../providers/http-server.ts'),
  'keyvalue-memory': () => import('../../providers/keyvalue-memory.ts'),
  'keyvalue-nats': () => import('../../providers/keyvalue-nats.ts'),
  'keyvalue-redis': () => import('../../providers/keyvalue-redis.ts'),
  'messaging-nats': () => import('../../providers/messaging-nats.ts'),
}

const scheme = 'wasmcloud+builtin://'

/** The names that `wasmcloud+builtin://` takes. */
export const builtinProviderNames: readonly string[] = Object.keys(builtin)

/** The name in a builtin reference; undefined for any other reference, `invalid` for a name that there is not. */
export function builtinName(ref: string): string | undefined {
  if (!ref.startsWith(scheme)) return undefined
  const name = ref.slice(scheme.length)
  if (Object.hasOwn(builtin, name)) return name
  const known = builtinProviderNames.map((each) => scheme + each).join(', ')
  throw new WeftError('invalid', `there is no provider ${ref}: this host has ${known}`)
}

/** The provider behind a name that `builtinName` gave. */
export async function loadBuiltinProvider(name: string): Promise<ProviderDefinition> {
  const load = builtin[name]
  if (!load) throw new WeftError('not_found', `there is no builtin provider ${name}`)
  return (await load()).default
}
