import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Does `work` with a folder that is removed afterwards. */
export async function withTemporary<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'weft-build-'))
  try {
    return await work(folder)
  } finally {
    await rm(folder, { recursive: true })
  }
}
