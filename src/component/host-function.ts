import { WeftError } from '../errors.ts'
import { camelCase } from '../wit/names.ts'

/** The import objects by interface id: functions by camelCase name, resource classes by PascalCase name. */
export type ImportObjects = Readonly<Record<string, object>>

type AnyFunction = (...args: unknown[]) => unknown

/** The function that the host gives for an import; an import that it does not give says so when it is called. */
export function hostFunction(imports: ImportObjects, interfaceId: string, name: string): AnyFunction {
  const holder = (interfaceId === '' ? imports : imports[interfaceId]) as
    | Readonly<Record<string, unknown>>
    | undefined
  // One that is given by its name in the binary.
  const named = holder?.[name]
  if (name.startsWith('[') && typeof named === 'function') return named.bind(holder)
  const [, kind, resource = '', method = ''] =
    /^\[(method|static|constructor)\]([^.]+)(?:\.(.+))?$/.exec(name) ?? []
  if (kind === undefined) {
    const own = holder?.[camelCase(name)]
    const fn =
      interfaceId === '' && typeof own === 'object' && own !== null && 'default' in own ? own.default : own
    return typeof fn === 'function' ? fn.bind(holder) : missing(interfaceId, name)
  }
  const owner = holder?.[pascalCase(resource)]
  if (typeof owner !== 'function') return missing(interfaceId, name)
  if (kind === 'constructor') return (...args) => Reflect.construct(owner, args)
  const key = camelCase(method)
  if (kind === 'static') {
    const fn: unknown = Reflect.get(owner, key)
    return typeof fn === 'function' ? fn.bind(owner) : missing(interfaceId, name)
  }
  const fn: unknown = Reflect.get(owner.prototype, key)
  return typeof fn === 'function' ? (self, ...args) => fn.apply(self, args) : missing(interfaceId, name)
}

function missing(interfaceId: string, name: string): () => never {
  return () => {
    throw new WeftError('denied', `the guest may not call ${interfaceId}#${name}: this host does not give it`)
  }
}

function pascalCase(kebab: string): string {
  const camel = camelCase(kebab)
  return camel.charAt(0).toUpperCase() + camel.slice(1)
}
