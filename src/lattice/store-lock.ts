import { randomUUID } from 'node:crypto'
import { link, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { WeftError } from '../errors.ts'
import { isRunning, type ProcessMark, processMark } from './same-process.ts'
import { count, parseJson, record, text } from './shape.ts'

export interface StoreLock {
  /** Notes the NATS server that writes to the store: it may outlive us by a moment. */
  noteServer(pid: number): Promise<void>
  release(): Promise<void>
}

const lockName = 'weft.lock'
const markShape = record({ pid: count, started: text })
const lockShape = record({ owner: markShape }, { server: markShape })
/** A NATS server whose `weft up` died hard ends by itself within this. */
const leftoverTimeoutMs = 10_000
const pollMs = 20

/**
 * Takes the store directory for this process; two NATS servers on one store would destroy it. What a dead process left
 * is taken over, once its server has ended.
 */
export async function lockStore(storeDir: string): Promise<StoreLock> {
  const path = join(storeDir, lockName)
  const owner = processMark()
  for (;;) {
    if (await createWhole(path, JSON.stringify({ owner }))) break
    const before = await readLock(path)
    if (before.lock && isRunning(before.lock.owner)) {
      const who = `another weft up (pid ${before.lock.owner.pid}) already runs this lattice`
      throw new WeftError('denied', `${who}; its data is in ${storeDir}`)
    }
    await waitForEnd(before.lock?.server, storeDir)
    await takeAway(path, before.content)
  }
  return {
    noteServer: (pid) => replaceWhole(path, JSON.stringify({ owner, server: processMark(pid) })),
    release: () => rm(path, { force: true }),
  }
}

/** Makes the file with its content in one step, or says that there is one. */
async function createWhole(path: string, content: string): Promise<boolean> {
  const draft = `${path}.${randomUUID()}`
  await writeFile(draft, content)
  try {
    await link(draft, path)
    return true
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false
    throw error
  } finally {
    await rm(draft, { force: true })
  }
}

async function replaceWhole(path: string, content: string): Promise<void> {
  const draft = `${path}.${randomUUID()}`
  await writeFile(draft, content)
  await rename(draft, path)
}

async function readLock(path: string) {
  const content = await readFile(path, 'utf8').catch(() => '')
  try {
    return { content, lock: parseJson(new TextEncoder().encode(content), lockShape) }
  } catch {
    return { content, lock: undefined }
  }
}

async function waitForEnd(server: ProcessMark | undefined, storeDir: string): Promise<void> {
  const end = performance.now() + leftoverTimeoutMs
  while (server && isRunning(server)) {
    if (performance.now() > end) {
      const who = `a NATS server (pid ${server.pid}) of a weft up that died still uses ${storeDir}`
      throw new WeftError('denied', `${who}; end it with \`kill ${server.pid}\``)
    }
    await delay(pollMs)
  }
}

/** Removes a dead process's lock, unless somebody else was faster and the lock is a new one: that is put back. */
async function takeAway(path: string, content: string): Promise<void> {
  const aside = `${path}.${randomUUID()}`
  try {
    await rename(path, aside)
  } catch {
    return
  }
  if ((await readFile(aside, 'utf8')) !== content) await link(aside, path).catch(() => undefined)
  await rm(aside, { force: true })
}
