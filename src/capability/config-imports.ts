/**
 * `wasi:config/store` and its older name `runtime`, from the component's configuration of this moment. `seen` is put
 * around each function, so that it shows in the trace.
 */
export function configImports(
  config: () => Readonly<Record<string, string>>,
  seen: <T>(name: string, work: () => T) => T = (_, work) => work(),
): object {
  return {
    get: (key: string) => seen('get', () => (Object.hasOwn(config(), key) ? config()[key] : undefined)),
    getAll: () => seen('get-all', () => Object.entries(config())),
  }
}
