import { configImports } from '../capability/config-imports.ts'
import { GuestError, guestError } from '../capability/guest-error.ts'
import { type KeyvalueCall, keyvalueImports, namesMissingKeys } from '../capability/keyvalue-imports.ts'
import { keyvalueInterface } from '../capability/keyvalue-wit.ts'
import { loggingImports } from '../capability/logging-imports.ts'
import type { OtelSession } from '../capability/otel.ts'
import { otelImports } from '../capability/otel-imports.ts'
import { secretsImports } from '../capability/secrets-imports.ts'
import { WeftError } from '../errors.ts'
import { withoutVersion } from '../wit/names.ts'
import type { WitInterface, WitWorld } from '../wit/type.ts'
import { blobstoreImports } from './blobstore/blobstore-imports.ts'
import { customImports } from './custom-imports.ts'
import { type DeniedResources, denied } from './denied.ts'
import { clientImports, handlerImports, sendRequest } from './http-imports.ts'
import type { Importing } from './importing.ts'
import { latticeImports } from './lattice-imports.ts'
import { wasi02 } from './wasi-0-2/imports.ts'
import { wasi03 } from './wasi-0-3/imports.ts'
import type { WasiContext } from './wasi-context.ts'

export type ImportObjects = Record<string, object>

/** Everything that one invocation's instance imports, by full interface id. */
export function importsFor(world: WitWorld, invocation: Importing, context: WasiContext): ImportObjects {
  const families = new Map<string, Record<string, object>>()
  const family = (name: string, make: () => Record<string, object>) => {
    const made = families.get(name) ?? make()
    families.set(name, made)
    return made
  }
  const p2 = wasi02(context, { sendRequest: (...sent) => sendRequest(invocation, context, sent) })
  const p3 = wasi03(context)
  const deniedResources: DeniedResources = new Map()
  const resolve = (one: WitInterface): object => {
    const key = withoutVersion(one.id)
    const version = one.id.slice(key.length + 1)
    if (key.startsWith('wasi:keyvalue/')) {
      return (
        family(`keyvalue${version}`, () => keyvalueOf(version, world, invocation))[key.slice(14)] ??
        customImports(one, invocation)
      )
    }
    if (key.startsWith('wasi:blobstore/'))
      return (
        family('blobstore', () => blobstoreImports(invocation, context))[key] ?? denied(one, deniedResources)
      )
    if (key.startsWith('wasi:otel/'))
      return family('otel', () => otelImports(currentSession(invocation)))[key] ?? {}
    if (key === 'wasi:config/store' || key === 'wasi:config/runtime')
      return configImports(
        () => invocation.services.config(),
        (name, work) => invocation.imported(`${key.slice('wasi:'.length)} ${name}`, work),
      )
    if (key.startsWith('wasmcloud:secrets/'))
      return (
        family(`secrets${version}`, () =>
          secretsImports(
            () => invocation.services.secrets(),
            (name, work) => invocation.imported(`secrets/${name}`, work),
          ),
        )[key.slice(18)] ?? customImports(one, invocation)
      )
    if (key === 'wasi:logging/logging')
      return loggingImports({
        write: (...line) => invocation.log.write(...line),
      })
    if (key === 'wasmcloud:bus/lattice') return latticeImports(invocation)
    if (key === 'wasi:http/client' && version.startsWith('0.3')) return clientImports(invocation, context)
    if (key === 'wasi:http/handler' && version.startsWith('0.3')) return handlerImports(invocation)
    if (!key.startsWith('wasi:')) return customImports(one, invocation)
    const wasi = version.startsWith('0.3') ? p3 : p2
    return wasi(key) ?? denied(one, deniedResources)
  }
  return Object.fromEntries(world.imports.map((one) => [one.id, resolve(one)]))
}

/** The session of whatever invocation calls. */
function currentSession(invocation: Importing): OtelSession {
  return {
    get limits() {
      return invocation.spans.limits
    },
    get current() {
      return invocation.spans.current
    },
    get outer() {
      return invocation.spans.outer
    },
    start: (span) => invocation.spans.start(span),
    end: (span, isSampled) => invocation.spans.end(span, isSampled),
    log: (log) => invocation.spans.log(log),
    metrics: (metrics) => invocation.spans.metrics(metrics),
    drop: (...dropped) => invocation.spans.drop(...dropped),
  }
}

/** A bucket of the invocation's own, for an export that is given one. */
export function openedBucket(world: WitWorld, invocation: Importing, name: string): object {
  const id = world.imports.find((one) => withoutVersion(one.id) === 'wasi:keyvalue/store')?.id ?? ''
  const { store } = keyvalueOf(id.slice(id.indexOf('@') + 1), world, invocation)
  return (store as { open(name: string): object }).open(name)
}

function keyvalueOf(version: string, world: WitWorld, invocation: Importing): Record<string, object> {
  const batch = world.imports.find((one) => one.id === `wasi:keyvalue/batch@${version}`)
  const getMany = batch?.functions.find((fn) => fn.name === 'get-many')
  const call: KeyvalueCall = async (lattice, name, args) => {
    const wire = keyvalueInterface(lattice)
    // The extension for compare-and-set goes where the link for atomics goes.
    const key = lattice.startsWith('weft:')
      ? 'wasi:keyvalue/atomics'
      : withoutVersion(lattice).replace('wrpc:', 'wasi:')
    try {
      return okValue(await invocation.callOut(key, lattice, functionOf(wire, name), args))
    } catch (error) {
      if (error instanceof GuestError) throw error
      throw guestError({ tag: 'other', val: WeftError.from(error).message })
    }
  }
  return keyvalueImports(version, call, { namesMissingKeys: namesMissingKeys(getMany) })
}

function okValue(result: unknown): unknown {
  const { tag, val } = result as { tag: 'ok' | 'err'; val?: unknown }
  if (tag === 'err') throw guestError(val)
  return val
}

function functionOf(one: WitInterface, name: string) {
  const found = one.functions.find((each) => each.name === name)
  if (!found) throw new WeftError('internal', `${one.id} has no function ${name}`)
  return found
}
