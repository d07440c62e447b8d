import { GuestError } from '../capability/guest-error.ts'
import { WeftError } from '../errors.ts'
import { camelCase } from '../wit/names.ts'
import type { WitFunction, WitInterface, WitType } from '../wit/type.ts'

/** What interfaces call a refusal, the most telling first. */
const refusals = ['access-denied', 'not-permitted', 'access'] as const

/** The resource classes of refused interfaces by name: interfaces that use each other's must be given the same map. */
export type DeniedResources = Map<string, new () => object>

/**
 * The import object of an interface that a guest may not use: its functions give the refusal that their error type
 * knows, else they trap and say which function was called. A function without parameters that gives a resource gives an
 * empty one, for it grants nothing by itself (`wasi:sockets/instance-network`).
 */
export function denied(refused: WitInterface, resources: DeniedResources = new Map()): object {
  const members: Record<string, unknown> = {}
  for (const fn of refused.functions) {
    for (const name of resourcesOf(fn)) members[pascalCase(name)] = resourceClass(name, resources)
  }
  for (const fn of refused.functions) addFunction(members, refused.id, fn, resources)
  return members
}

function addFunction(
  members: Record<string, unknown>,
  interfaceId: string,
  fn: WitFunction,
  resources: DeniedResources,
): void {
  const refuse = refusalOf(interfaceId, fn, resources)
  const [, kind, resource = '', name = ''] =
    /^\[(method|static|constructor)\]([^.]+)(?:\.(.+))?$/.exec(fn.name) ?? []
  if (kind === undefined) {
    members[camelCase(fn.name)] = refuse
    return
  }
  const resourceType = resourceClass(resource, resources)
  const holder = kind === 'method' ? resourceType.prototype : resourceType
  if (kind === 'constructor') members[pascalCase(resource)] = refusingClass(resourceType, refuse)
  else Object.defineProperty(holder, camelCase(name), { value: refuse, configurable: true })
}

function refusalOf(interfaceId: string, fn: WitFunction, resources: DeniedResources): () => unknown {
  const { result } = fn
  if (fn.params.length === 0 && result?.kind === 'own') {
    const resource = resourceClass(result.resource, resources)
    return () => new resource()
  }
  const payload = result?.kind === 'result' && result.err ? refusalIn(result.err) : undefined
  return () => {
    if (payload !== undefined) throw new GuestError(payload)
    throw new WeftError(
      'denied',
      `the guest may not call ${interfaceId}#${fn.name}: this host gives guests no such access`,
    )
  }
}

/** The value of `error` that says "refused"; undefined when it has none. */
function refusalIn(error: WitType): unknown {
  if (error.kind === 'enum') return refusals.find((name) => error.names.includes(name))
  if (error.kind !== 'variant') return undefined
  const found = refusals.find((name) =>
    error.cases.some((each) => each.name === name && each.type === undefined),
  )
  return found && { tag: found }
}

function resourcesOf(fn: WitFunction): string[] {
  const own = /^\[(?:method|static|constructor)\]([^.]+)/.exec(fn.name)?.[1]
  const types = [...fn.params.map((param) => param.type), ...(fn.result ? [fn.result] : [])]
  return [...(own === undefined ? [] : [own]), ...types.flatMap(resourcesIn)]
}

function resourcesIn(type: WitType): string[] {
  switch (type.kind) {
    case 'own':
    case 'borrow':
      return [type.resource]
    case 'list':
    case 'option':
      return resourcesIn(type.element)
    case 'tuple':
      return type.elements.flatMap(resourcesIn)
    case 'result':
      return [type.ok, type.err].flatMap((each) => (each ? resourcesIn(each) : []))
    case 'record':
      return type.fields.flatMap((field) => resourcesIn(field.type))
    default:
      return []
  }
}

function resourceClass(name: string, resources: DeniedResources): new () => object {
  const known = resources.get(name)
  if (known) return known
  const made = class {}
  resources.set(name, made)
  return made
}

function refusingClass(resource: new () => object, refuse: () => unknown): new () => object {
  return class extends resource {
    constructor() {
      super()
      refuse()
    }
  }
}

function pascalCase(kebab: string): string {
  const camel = camelCase(kebab)
  return camel.charAt(0).toUpperCase() + camel.slice(1)
}
