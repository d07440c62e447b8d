import { nearestName } from './nearest-name.ts'

/** The interfaces of packages that many link to, for a word about misspelt ones. Others are nobody's mistake. */
const known: Readonly<Record<string, readonly string[]>> = {
  'wasi:blobstore': ['blobstore', 'container', 'types'],
  'wasi:config': ['runtime', 'store'],
  'wasi:http': ['client', 'handler', 'incoming-handler', 'outgoing-handler', 'types'],
  'wasi:keyvalue': ['atomics', 'batch', 'store', 'watcher'],
  'wasi:logging': ['logging'],
  'wasmcloud:bus': ['error', 'lattice'],
  'wasmcloud:couchbase': ['document', 'types'],
  'wasmcloud:messaging': ['consumer', 'handler', 'types'],
  'wasmcloud:postgres': ['managed-query', 'prepared', 'query', 'types'],
}

/** The interface of a well-known package that `name` was most likely meant to be; undefined when it is one, or another. */
export function meantInterface(wit: string, name: string): string | undefined {
  const names = Object.hasOwn(known, wit) ? (known[wit] ?? []) : []
  return names.includes(name) ? undefined : nearestName(name, names)
}
