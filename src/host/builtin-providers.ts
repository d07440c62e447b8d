import { WeftError } from '../errors.ts'
import type { ProviderDefinition } from '../provider.ts'

type Module = { readonly default: ProviderDefinition }

/** The providers that ship with Weft, loaded when first used. */
const builtin: Readonly<Record<string, () => Promise<Module>>> = {
  'http-client': () => import('../../providers/http-client.ts'),
  'http-server': () => import('../../providers/http-server.ts'),
  'keyvalue-nats': () => import('../../providers/keyvalue-nats.ts'),
  'messaging-nats': () => import('../../providers/messaging-nats.ts'),
}

const scheme = 'wasmcloud+builtin://'

/** The names that `wasmcloud+builtin://` takes. */
export const builtinProviderNames: readonly string[] = Object.keys(builtin)

/** The name in a builtin reference; `invalid` for any other reference, saying what there is. */
export function builtinName(ref: string): string {
  const name = ref.startsWith(scheme) ? ref.slice(scheme.length) : undefined
  if (name !== undefined && Object.hasOwn(builtin, name)) return name
  const known = builtinProviderNames.map((each) => scheme + each).join(', ')
  throw new WeftError('invalid', `provider reference ${ref}: this host runs ${known}`)
}

/** The provider behind a name that `builtinName` gave. */
export async function loadBuiltinProvider(name: string): Promise<ProviderDefinition> {
  const load = builtin[name]
  if (!load) throw new WeftError('not_found', `there is no builtin provider ${name}`)
  return (await load()).default
}
