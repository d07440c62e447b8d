/** The import object of an interface without version; undefined when there is none. */
export type WasiImports = (key: string) => object | undefined

/** Import objects by package (`wasi:cli`), each made once, when an interface of it is first asked for. */
export function lazyImports(packages: Readonly<Record<string, () => Record<string, object>>>): WasiImports {
  const made: Record<string, Record<string, object>> = {}
  return (key) => {
    const name = key.slice(0, key.indexOf('/'))
    const make = Object.hasOwn(packages, name) ? packages[name] : undefined
    if (!make) return undefined
    made[name] ??= make()
    return made[name][key]
  }
}
