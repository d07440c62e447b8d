import { BinaryReader } from '../wit/binary-reader.ts'
import { op, readInstruction } from './core-instructions.ts'
import type { CoreImports, CoreSection, MemoryType } from './core-module.ts'
import { CoreWriter } from './core-writer.ts'
import { helperTypes, hostType } from './instrument-helpers.ts'
import { addedName, helper, hostModule, moved, type Placement } from './instrument-placement.ts'

/** Copies an expression with its function indexes moved. */
function moveExpression(
  reader: BinaryReader,
  bytes: Uint8Array,
  { place, to }: { place: Placement; to: CoreWriter },
) {
  for (;;) {
    const { code, start, index } = readInstruction(reader)
    if (code === op.refFunc) to.byte(op.refFunc).u32(moved(index, place))
    else to.raw(bytes.subarray(start, reader.offset))
    if (code === op.end) return
  }
}

function entriesOf(section: CoreSection | undefined, bytes: Uint8Array): Uint8Array {
  if (!section) return new Uint8Array(0)
  const reader = new BinaryReader(bytes, section.start, section.end)
  reader.u32()
  return bytes.subarray(reader.offset, section.end)
}

/** The types with those of what is added: the helpers', and `later`'s with each of its results. */
export function withTypes(
  section: CoreSection | undefined,
  bytes: Uint8Array,
  { types, results }: { readonly types: number; readonly results: readonly (number | undefined)[] },
): CoreWriter {
  const laterTypes = results.map((one) => ({ params: [], results: one === undefined ? [] : [one & 0x7f] }))
  const added = [...helperTypes, ...laterTypes]
  const writer = new CoreWriter().u32(types + added.length).raw(entriesOf(section, bytes))
  for (const type of added)
    writer
      .byte(0x60)
      .u32(type.params.length)
      .byte(...type.params)
      .u32(type.results.length)
      .byte(...type.results)
  return writer
}

/** The imports with what the host gives. */
export function withImports(
  imports: CoreImports,
  {
    bytes,
    section,
    own,
    place,
    types,
    laters,
  }: {
    readonly bytes: Uint8Array
    readonly section: CoreSection | undefined
    readonly own: MemoryType | undefined
    readonly place: Placement
    readonly types: number
    /** How many `later` functions, each of another type. */
    readonly laters: number
  },
): CoreWriter {
  const hasMemory = place.tracksStores
  const writer = new CoreWriter().u32(imports.count + place.movedBy + (own ? 1 : 0) + (hasMemory ? 1 : 0) + 1)
  if (section) writer.raw(bytes.subarray(imports.entries, section.end))
  const add = (name: string, type: number) =>
    writer
      .name(hostModule)
      .name(name)
      .byte(0)
      .u32(types + type)
  add('check', 0)
  add('yield', 1)
  add('limit', 1)
  add('tables', hostType.tables)
  add('waiting', hostType.waiting)
  add('resumed', hostType.resumed)
  if (own) add('claim', 1 + helper.grow)
  if (hasMemory && !own) {
    add('grow', 1 + helper.grow)
    add('size', 0)
  }
  for (let later = 0; later < laters; later++) add('later', helperTypes.length + later)
  if (own) writer.name(hostModule).name('memory').byte(2, 0).u32(own.initial)
  if (hasMemory) writer.name(hostModule).name('dirty').byte(2, 0).u32(1)
  // Shared, one page.
  writer.name(hostModule).name('flag').byte(2, 3).u32(1).u32(1)
  return writer
}

/** The functions with the helpers and then the wrappers behind them, by the types of those. */
export function withFunctions(
  section: CoreSection | undefined,
  bytes: Uint8Array,
  { functions, added }: { readonly functions: number; readonly added: readonly number[] },
): CoreWriter {
  const writer = new CoreWriter().u32(functions + added.length).raw(entriesOf(section, bytes))
  for (const type of added) writer.u32(type)
  return writer
}

/** The globals, with the size of the memory behind them when it is the module's own. */
export function withGlobals(
  section: CoreSection | undefined,
  bytes: Uint8Array,
  {
    own,
    globals,
    place,
  }: {
    readonly own: MemoryType | undefined
    readonly globals: readonly boolean[]
    readonly place: Placement
  },
): CoreWriter {
  const writer = new CoreWriter().u32(globals.length + (own ? 1 : 0))
  if (section) {
    const reader = new BinaryReader(bytes, section.start, section.end)
    reader.list(() => {
      const start = reader.offset
      reader.s33()
      reader.byte()
      writer.raw(bytes.subarray(start, reader.offset))
      moveExpression(reader, bytes, { place, to: writer })
    })
  }
  if (own) writer.byte(0x7f, 1, 0x41).s32(own.initial).byte(op.end)
  return writer
}

/** The exports, with the mutable globals and what other modules need of the memory. */
export function withExports(
  section: CoreSection | undefined,
  bytes: Uint8Array,
  { place, mutable }: { readonly place: Placement; readonly mutable: readonly number[] },
): CoreWriter {
  const reader = section && new BinaryReader(bytes, section.start, section.end)
  const entries = new CoreWriter()
  let count = mutable.length
  reader?.list(() => {
    count++
    const name = reader.name()
    const kind = reader.byte()
    const index = reader.u32()
    entries
      .name(name)
      .byte(kind)
      .u32(kind === 0 ? moved(index, place) : index)
  })
  mutable.forEach((global, number) => {
    entries.name(`${hostModule}.${number}`).byte(3).u32(global)
  })
  if (place.pages !== undefined) {
    count += 2
    entries.name(`${hostModule}.grow`).byte(0).u32(place.grow)
    entries.name(`${hostModule}.size`).byte(0).u32(place.size)
  }
  return new CoreWriter().u32(count).raw(entries.bytes)
}

/** The element segments with their functions moved. */
export function withElements(reader: BinaryReader, bytes: Uint8Array, place: Placement): CoreWriter {
  const writer = new CoreWriter()
  const count = reader.u32()
  writer.u32(count)
  for (let segment = 0; segment < count; segment++) {
    const flags = reader.u32()
    writer.u32(flags)
    const isActive = (flags & 1) === 0
    if (isActive) {
      if ((flags & 2) !== 0) writer.u32(reader.u32())
      moveExpression(reader, bytes, { place, to: writer })
    }
    const usesExpressions = (flags & 4) !== 0
    if ((flags & 3) !== 0) {
      // The kind of the elements: a byte, or a reference type.
      const start = reader.offset
      if (usesExpressions) reader.s33()
      else reader.byte()
      writer.raw(bytes.subarray(start, reader.offset))
    }
    const elements = reader.u32()
    writer.u32(elements)
    for (let element = 0; element < elements; element++) {
      if (usesExpressions) moveExpression(reader, bytes, { place, to: writer })
      else writer.u32(moved(reader.u32(), place))
    }
  }
  return writer
}

/**
 * The name section with the functions' names moved; names of locals and labels are left out. The module is called by its
 * number, `core-3.libc.so`: so a stack says which one it is. What was added has names by which stacks leave it out.
 */
export function withNames(reader: BinaryReader | undefined, place: Placement, number: number): CoreWriter {
  let own = ''
  let functions: BinaryReader | undefined
  reader?.name()
  while (reader && !reader.done) {
    const id = reader.byte()
    const part = reader.section(reader.u32())
    if (id === 0) own = `.${part.name()}`
    if (id === 1) functions = part
  }
  const writer = new CoreWriter().name('name').section(0, new CoreWriter().name(`core-${number}${own}`))
  return writer.section(1, functionNames(functions, place))
}

function functionNames(reader: BinaryReader | undefined, place: Placement): CoreWriter {
  const names = new CoreWriter()
  const added = [...Object.values(helper).map((one) => place.firstHelper + one), ...place.wrappers.values()]
  const count = reader?.u32() ?? 0
  names.u32(count + added.length)
  for (let left = count; reader && left > 0; left--) {
    const index = reader.u32()
    // An import keeps its name although another function stands for it.
    names.u32(index < place.movedFrom ? index : moved(index, place)).name(reader.name())
  }
  for (const index of added) names.u32(index).name(addedName)
  return names
}
