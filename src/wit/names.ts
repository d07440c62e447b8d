/** The parts of `ns:pkg/iface@version`; `version` is '' when there is none. */
export interface InterfaceName {
  readonly namespace: string
  readonly package: string
  readonly interface: string
  readonly version: string
}

/** Splits an interface id; undefined when it is not of the form `ns:pkg/iface[@version]`. */
export function parseInterfaceName(id: string): InterfaceName | undefined {
  const match = /^([^:/@]+):([^/@]+)\/([^@]+?)(?:@(.+))?$/.exec(id)
  if (!match) return undefined
  const [, namespace = '', pkg = '', name = '', version = ''] = match
  return { namespace, package: pkg, interface: name, version }
}

/** The id without its version: what links and lookups are keyed by. */
export function withoutVersion(id: string): string {
  const at = id.indexOf('@')
  return at < 0 ? id : id.slice(0, at)
}

/** `path-with-query` → `pathWithQuery`: record fields and functions in JavaScript. */
export function camelCase(kebab: string): string {
  return kebab.replace(/-([a-zA-Z0-9])/g, (_, letter: string) => letter.toUpperCase())
}
