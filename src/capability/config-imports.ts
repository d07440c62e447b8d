/** `wasi:config/store` and its older name `runtime`, from the component's configuration of this moment. */
export function configImports(config: () => Readonly<Record<string, string>>): object {
  return {
    get: (key: string) => (Object.hasOwn(config(), key) ? config()[key] : undefined),
    getAll: () => Object.entries(config()),
  }
}
