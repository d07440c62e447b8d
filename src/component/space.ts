import { WeftError } from '../errors.ts'
import { type Exports, type Extern, Scope, type TypeDefinition } from '../wit/binary-scope.ts'
import type { ComponentDefinition, Item, Items } from './items.ts'
import type { ComponentFunction, CoreItem, ResourceDefinition } from './program.ts'
import type { ProgramBuilder } from './program-builder.ts'

const sorts = { func: 1, value: 2, type: 3, component: 4, instance: 5 } as const
const coreSorts = { func: 0, table: 1, memory: 2, global: 3, tag: 4 } as const

/** The index spaces of one component instance while it is read. Types stand in `scope`, as for the world's decoder. */
export class Space {
  readonly scope: Scope
  readonly coreModules: number[] = []
  readonly coreInstances: (number | ReadonlyMap<string, CoreItem>)[] = []
  readonly components: ComponentDefinition[] = []
  readonly instances: Items[] = []
  readonly #parent: Space | undefined
  readonly #builder: ProgramBuilder
  readonly #funcs: ComponentFunction[] = []
  readonly #core: CoreItem[][] = [[], [], [], [], []]

  constructor(parent: Space | undefined, builder: ProgramBuilder) {
    this.#parent = parent
    this.#builder = builder
    this.scope = new Scope(parent?.scope, (name) => this.#nextResource(name))
  }

  /** Gives the item the next index of its sort. */
  add(item: Item): void {
    if (item.sort === 'func') this.#funcs.push(item.func)
    else if (item.sort === 'type') this.scope.types.push(item.type)
    else if (item.sort === 'instance') this.instances.push(item.exports)
    else if (item.sort === 'component') this.components.push(item.component)
    else if (item.sort === 'module') this.coreModules.push(item.module)
  }

  item(sort: number, index: number): Item {
    switch (sort) {
      case sorts.func:
        return { sort: 'func', func: this.func(index) }
      case sorts.type:
        return { sort: 'type', type: this.scope.type(index) }
      case sorts.component:
        return { sort: 'component', component: this.component(index) }
      case sorts.instance:
        return { sort: 'instance', exports: this.instance(index) }
      case sorts.value:
        return { sort: 'value' }
      default:
        throw new WeftError('invalid', `there is no sort ${sort}`)
    }
  }

  func = (index: number): ComponentFunction => at(this.#funcs, 'function', index)
  instance = (index: number): Items => at(this.instances, 'instance', index)
  component = (index: number): ComponentDefinition => at(this.components, 'component', index)
  coreModule = (index: number): number => at(this.coreModules, 'core module', index)
  coreInstance = (index: number) => at(this.coreInstances, 'core instance', index)
  coreFunc = (index: number): CoreItem => this.coreItem(coreSorts.func, index)
  coreMemory = (index: number): CoreItem => this.coreItem(coreSorts.memory, index)

  coreItem(sort: number, index: number): CoreItem {
    return at(this.#core[sort] ?? [], 'core item', index)
  }

  addCore(sort: number, item: CoreItem): void {
    const items = this.#core[sort]
    if (!items) throw new WeftError('invalid', `there is no core sort ${sort}`)
    items.push(item)
  }

  addFunc(func: ComponentFunction): void {
    this.#funcs.push(func)
  }

  /** Core types are never asked for. */
  skipCoreType(): void {}

  outer(levels: number): Space {
    let space: Space = this
    for (let level = 0; level < levels; level++) {
      if (!space.#parent)
        throw new WeftError('invalid', `an alias reaches ${levels} components out, there are ${level}`)
      space = space.#parent
    }
    return space
  }

  defineResource(definition: ResourceDefinition): TypeDefinition {
    return { kind: 'resource', name: String(this.#builder.resource(definition)) }
  }

  /** The number of the resource that type `index` is. */
  resource(index: number): number {
    const type = this.scope.type(index)
    if (type.kind !== 'resource')
      throw new WeftError('invalid', `type ${index} is a ${type.kind}, no resource`)
    return Number(type.name)
  }

  /** What the host gives for an import of the root component. */
  imported(name: string, declared: Extern): Item {
    if (declared.sort === 'instance')
      return { sort: 'instance', exports: this.#importedInstance(name, declared.exports) }
    if (declared.sort === 'func')
      return { sort: 'func', func: { from: 'import', interface: '', name, type: declared.type } }
    if (declared.sort === 'type') {
      this.#claim(declared.type, { kind: 'imported', interface: '', name })
      return { sort: 'type', type: declared.type }
    }
    throw new WeftError(
      'invalid',
      `the component imports ${name}, a ${declared.sort}: only interfaces, functions and types can be given`,
    )
  }

  /** What a lifted function is called in messages. */
  nameLift(func: ComponentFunction, name: string): void {
    if (func.from !== 'lift') return
    const canon = this.#builder.canons[func.canon]
    if (canon?.do === 'lift') canon.name = name
  }

  #importedInstance(id: string, exports: Exports): Items {
    return new Map(
      [...exports].flatMap(([name, one]): [string, Item][] => {
        if (one.sort === 'func')
          return [[name, { sort: 'func', func: { from: 'import', interface: id, name, type: one.type } }]]
        if (one.sort !== 'type') return []
        this.#claim(one.type, { kind: 'imported', interface: id, name })
        return [[name, { sort: 'type', type: one.type }]]
      }),
    )
  }

  /** A resource that was declared without an owner gets it here; one that is only used again keeps its first. */
  #claim(type: TypeDefinition, owner: ResourceDefinition): void {
    if (type.kind !== 'resource') return
    const number = Number(type.name)
    const known = this.#builder.resources[number]
    if (known?.kind === 'imported' && known.interface === unclaimed) this.#builder.resources[number] = owner
  }

  #nextResource(name: string): TypeDefinition {
    return this.defineResource({ kind: 'imported', interface: unclaimed, name })
  }
}

/** Stands for the interface of a resource until the import that brings it is read. */
const unclaimed = '?'

function at<T>(items: readonly T[], sort: string, index: number): T {
  const item = items[index]
  if (item === undefined) throw new WeftError('invalid', `there is no ${sort} ${index}, only ${items.length}`)
  return item
}
