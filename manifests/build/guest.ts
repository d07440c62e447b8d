import { dirname } from 'node:path'

/** The top of the tree. */
export const root = dirname(dirname(import.meta.dirname))

/** A folder with its main source. */
export interface Guest {
  readonly name: string
  readonly folder: string
  readonly language: string
}
