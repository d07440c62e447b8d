import type { LineRow } from './dwarf-lines.ts'

/** Numbers of a row: offset in the module, number of the file, line, column. */
const perRow = 4

/** A place in a guest's source. */
export interface SourcePlace {
  readonly file: string
  readonly line: number
  readonly column: number
}

/** Where the code of a core module stands in its sources. */
export class SourceLines {
  readonly #files: readonly string[]
  readonly #rows: Uint32Array

  constructor(files: readonly string[], rows: Uint32Array) {
    this.#files = files
    this.#rows = rows
  }

  /** Of rows whose addresses are offsets in the module, in their order. */
  static of(rows: readonly LineRow[]): SourceLines {
    const files = new Map<string, number>()
    const numbers = new Uint32Array(rows.length * perRow)
    rows.forEach(({ address, file, line, column }, index) => {
      const number = files.get(file) ?? files.size
      files.set(file, number)
      numbers.set([address, number, line, column], index * perRow)
    })
    return new SourceLines([...files.keys()], numbers)
  }

  /** The place of the instruction at `offset` in the module. */
  at(offset: number): SourcePlace | undefined {
    let low = 0
    let high = this.#rows.length / perRow
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#rows[middle * perRow] ?? 0) <= offset) low = middle + 1
      else high = middle
    }
    const [, file = 0, line = 0, column = 0] = this.#rows.subarray((low - 1) * perRow, low * perRow)
    const name = this.#files[file]
    return low === 0 || line === 0 || !name ? undefined : { file: name, line, column }
  }

  /** As bytes, for the cache. */
  encode(): Uint8Array {
    const files = new TextEncoder().encode(JSON.stringify(this.#files))
    const bytes = new Uint8Array(4 + files.length + this.#rows.byteLength)
    new DataView(bytes.buffer).setUint32(0, files.length, true)
    bytes.set(files, 4)
    bytes.set(
      new Uint8Array(this.#rows.buffer, this.#rows.byteOffset, this.#rows.byteLength),
      4 + files.length,
    )
    return bytes
  }

  /** What `encode` gave. */
  static decode(bytes: Uint8Array): SourceLines {
    const end = 4 + new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true)
    const files = JSON.parse(new TextDecoder().decode(bytes.subarray(4, end))) as string[]
    const rows = new Uint32Array((bytes.length - end) / Uint32Array.BYTES_PER_ELEMENT)
    new Uint8Array(rows.buffer).set(bytes.subarray(end))
    return new SourceLines(files, rows)
  }
}
