import type { Canon, Program } from './program.ts'

/** Tells of a function that a core module imports, by the import's module and name, whether its caller may have to wait. */
export type MayWait = (module: string, name: string) => boolean

const waitingBuiltins = /^(waitable-set\.wait|thread\.yield)$/
const copyingBuiltins = /^(stream|future)\.(read|write)$/

/** Whether who calls the core function of a canonical definition may have to wait. */
export function mayWait(canon: Canon): boolean {
  if (canon.do === 'lower') return canon.mayWait && !canon.options.async
  if (canon.do !== 'builtin') return false
  if (copyingBuiltins.test(canon.builtin)) return !canon.options?.async
  return waitingBuiltins.test(canon.builtin)
}

/** Tells it for each core module, by number: of an import that may wait in any of the module's instances. */
export function waitingImports({ coreInstances, canons }: Program): readonly MayWait[] {
  const waiting: Set<string>[] = []
  for (const { module, imports } of coreInstances) {
    waiting[module] ??= new Set()
    const names = waiting[module]
    for (const [from, items] of imports) {
      if (typeof items === 'number') continue
      for (const [name, item] of items) {
        const canon = 'canon' in item ? canons[item.canon] : undefined
        if (canon && mayWait(canon)) names.add(keyOf(from, name))
      }
    }
  }
  return waiting.map((names) => (module, name) => names.has(keyOf(module, name)))
}

function keyOf(module: string, name: string): string {
  return JSON.stringify([module, name])
}
