import { incomingHandler } from '../capability/http-wit.ts'
import { keyvalueWatcher } from '../capability/keyvalue-wit.ts'
import { withoutVersion } from '../wit/names.ts'
import type { WitFunction, WitInterface, WitWorld } from '../wit/type.ts'

const httpHandler = /^wasi:http\/(incoming-handler@0\.2\.|handler@0\.3\.)/

/** The export that answers HTTP, of WASI 0.2 or 0.3; undefined when the component has none. */
export function httpExport(world: WitWorld): WitInterface | undefined {
  return world.exports.find((one) => httpHandler.test(one.id))
}

/** The export that is told of changes in a key-value bucket; undefined when the component has none. */
export function watcherExport(world: WitWorld): WitInterface | undefined {
  return world.exports.find((one) => withoutVersion(one.id) === 'wasi:keyvalue/watcher')
}

/** A component's exports as the lattice sees them (wasmCloud's mapping: HTTP and watchers by their wRPC names, the rest verbatim). */
export function servedInterfaces(world: WitWorld): WitInterface[] {
  const plain = world.exports
    .filter((one) => !httpHandler.test(one.id) && one !== watcherExport(world))
    .map((one) => ({
      id: one.id,
      functions: one.functions.filter((fn) => callable(fn) && !(one.id === '' && isQuickJsInit(fn))),
    }))
    .filter((one) => one.functions.length > 0)
  return [
    ...(httpExport(world) ? [incomingHandler()] : []),
    ...(watcherExport(world) ? [keyvalueWatcher()] : []),
    ...plain,
  ]
}

/** Functions of resources stay inside the component. */
function callable(fn: WitFunction): boolean {
  return !fn.name.startsWith('[')
}

/** What the QuickJS builder leaves in a component for its own use. */
function isQuickJsInit(fn: WitFunction): boolean {
  return fn.name === 'init' && fn.params[0]?.name === 'shim'
}
