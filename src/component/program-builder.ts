import { WeftError } from '../errors.ts'
import type {
  Canon,
  ComponentFunction,
  CoreInstanceDefinition,
  ExportedFunction,
  ResourceDefinition,
} from './program.ts'
import type { ReadProgram } from './read-program.ts'

/** Collects a program while its component is read. */
export class ProgramBuilder {
  readonly bytes: Uint8Array
  readonly #suspending: ReadonlySet<string>
  readonly resources: ResourceDefinition[] = []
  readonly canons: Canon[] = []
  readonly #coreInstances: CoreInstanceDefinition[] = []
  readonly #exports: ExportedFunction[] = []
  /** By offset: a nested component that is instantiated twice has its modules once. */
  readonly #modules = new Map<number, { readonly number: number; readonly end: number }>()
  #instances = 0

  constructor(bytes: Uint8Array, suspending: ReadonlySet<string>) {
    this.bytes = bytes
    this.#suspending = suspending
  }

  /** Whether who calls it may have to wait. */
  mayWait(func: ComponentFunction): boolean {
    return func.from === 'lift' || func.type.async || this.#suspending.has(`${func.interface}#${func.name}`)
  }

  /** The number of a new component instance. */
  newInstance(most: number): number {
    if (this.#instances >= most) throw new WeftError('invalid', `more than ${most} component instances`)
    return this.#instances++
  }

  /** The number of the core module that stands at these offsets. */
  module(start: number, end: number): number {
    const known = this.#modules.get(start)
    if (known) return known.number
    const number = this.#modules.size
    this.#modules.set(start, { number, end })
    return number
  }

  coreInstance(module: number, imports: CoreInstanceDefinition['imports']): number {
    this.#coreInstances.push({ module, imports })
    return this.#coreInstances.length - 1
  }

  canon(canon: Canon): number {
    this.canons.push(canon)
    return this.canons.length - 1
  }

  resource(definition: ResourceDefinition): number {
    this.resources.push(definition)
    return this.resources.length - 1
  }

  export(interfaceId: string, name: string, func: ComponentFunction): void {
    this.#exports.push({ interface: interfaceId, name, func })
  }

  finish(): ReadProgram {
    const modules = [...this.#modules].map(([start, { end }]) => this.bytes.subarray(start, end))
    return {
      program: {
        resources: this.resources,
        coreInstances: this.#coreInstances,
        canons: this.canons,
        exports: this.#exports,
      },
      modules,
    }
  }
}
