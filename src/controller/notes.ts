import type { JsonRecords } from '../lattice/json-records.ts'
import { listOf, or, record, text } from '../lattice/shape.ts'
import type { Made } from './made.ts'
import type { Status } from './status.ts'

const madeShape = record({
  links: or(
    listOf(record({ source_id: text, target: text, name: text, wit_namespace: text, wit_package: text })),
    [],
  ),
  configs: or(listOf(text), []),
})

/** Notes of the controller that leads, kept in memory and in the lattice; written only when they change. */
export class Notes<T> {
  readonly #records: JsonRecords
  readonly #read: (value: unknown) => T
  #notes = new Map<string, T>()

  constructor(records: JsonRecords, read: (value: unknown) => T) {
    this.#records = records
    this.#read = read
  }

  /** Reads what the one that led before has written. */
  async load(): Promise<void> {
    const entries = [...(await this.#records.readAll())]
    this.#notes = new Map(entries.flatMap(([name, value]) => this.#readable(name, value)))
  }

  names(): readonly string[] {
    return [...this.#notes.keys()]
  }

  get(name: string): T | undefined {
    return this.#notes.get(name)
  }

  /** Resolves to true when something was written; undefined removes the note. */
  async set(name: string, note: T | undefined): Promise<boolean> {
    if (JSON.stringify(this.#notes.get(name)) === JSON.stringify(note)) return false
    if (note === undefined) {
      await this.#records.remove(name)
      this.#notes.delete(name)
    } else {
      await this.#records.write(name, note)
      this.#notes.set(name, note)
    }
    return true
  }

  #readable(name: string, value: unknown): [string, T][] {
    try {
      return [[name, this.#read(value)]]
    } catch {
      return []
    }
  }
}

export function readMade(value: unknown): Made {
  return madeShape(value, 'made')
}

// wadm leaves out an empty message, an empty list of parts, and `version` in what it kept of older ones.
const infoShape = record({ type: text, message: or(text, '') })
const partShape = record({ kind: or(text, ''), name: or(text, ''), status: infoShape })
const statusShape = record({
  status: infoShape,
  version: or(text, ''),
  scalers: or(
    listOf((value, path) => ({ ...Object(value), ...partShape(value, path) })),
    [],
  ),
})

/** Reads a status that a controller wrote, wadm or one of another version of Weft: only its frame is checked. */
export function readStatus(value: unknown): Status {
  return { ...Object(value), ...statusShape(value, 'status') }
}
