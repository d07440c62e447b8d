import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'

export async function readIfThere(path: string): Promise<string | undefined> {
  return existsSync(path) ? readFile(path, 'utf8') : undefined
}
