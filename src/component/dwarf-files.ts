import { DwarfReader } from './dwarf-reader.ts'

/** The sections of DWARF that line tables refer to. */
export interface DwarfSections {
  readonly line: DataView
  readonly lineText: DataView | undefined
  readonly text: DataView | undefined
}

/** The files of a line table by their number, as paths, in the form of DWARF 2 to 4: the first has number 1. */
export function readFilesBefore5(reader: DwarfReader): (string | undefined)[] {
  // Directory 0 is where the compiler ran, which the table does not say.
  const directories: string[] = ['']
  for (let name = reader.text(); name !== ''; name = reader.text()) directories.push(name)
  const files: (string | undefined)[] = [undefined]
  for (let name = reader.text(); name !== ''; name = reader.text()) {
    files.push(joined(directories[reader.uleb()], name))
    reader.uleb()
    reader.uleb()
  }
  return files
}

/** The same in the form of DWARF 5: the first has number 0. */
export function readFiles5(reader: DwarfReader, sections: DwarfSections): string[] {
  const directories = readEntries(reader, sections).map(({ path }) => path)
  // What stands in directory 0 is told without it: that is where the compiler ran.
  return readEntries(reader, sections).map(({ path, directory }) =>
    joined(directory === 0 ? '' : directories[directory], path),
  )
}

interface Entry {
  readonly path: string
  readonly directory: number
}

const content = { path: 1, directory: 2 } as const

function readEntries(reader: DwarfReader, sections: DwarfSections): Entry[] {
  const formats = Array.from({ length: reader.u8() }, () => [reader.uleb(), reader.uleb()] as const)
  const count = reader.uleb()
  const entries: Entry[] = []
  while (entries.length < count && formats.length > 0) {
    let path = ''
    let directory = 0
    for (const [type, form] of formats) {
      const value = readForm(reader, form, sections)
      if (type === content.path && typeof value === 'string') path = value
      if (type === content.directory && typeof value === 'number') directory = value
    }
    entries.push({ path, directory })
  }
  return entries
}

/** A value in one of the forms that line tables use (DWARF 5, section 7.5.6). */
function readForm(reader: DwarfReader, form: number, { text, lineText }: DwarfSections): string | number {
  switch (form) {
    case 0x08:
      return reader.text()
    case 0x0e:
      return textAt(text, reader.u32())
    case 0x1f:
      return textAt(lineText, reader.u32())
    case 0x0b:
      return reader.u8()
    case 0x05:
      return reader.u16()
    case 0x06:
      return reader.u32()
    case 0x0f:
      return reader.uleb()
    case 0x09:
      reader.skip(reader.uleb())
      return 0
    case 0x1e:
      reader.skip(16)
      return 0
    default:
      throw new RangeError(`form ${form} is not known in a line table`)
  }
}

function textAt(section: DataView | undefined, offset: number): string {
  return section ? new DwarfReader(section, offset).text() : ''
}

function joined(directory: string | undefined, name: string): string {
  return name.startsWith('/') || !directory ? name : `${directory}/${name}`
}
