import { randomUUID } from 'node:crypto'
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { isProviderArchive, openProviderArchive, thisTarget } from '../artifact/archive.ts'
import type { Artifacts } from '../artifact/artifacts.ts'
import { parseReference } from '../artifact/reference.ts'
import { type Claims, providerClaims } from '../claims/claims.ts'
import { digestOf } from '../claims/digest.ts'
import { requireClaims } from './open-component.ts'

/** A provider that was fetched and checked, ready to be started as a process. */
export interface OpenedProvider {
  /** The program: the archive's executable for this machine, or the file that the reference names. */
  readonly path: string
  /** Undefined for an unsigned one. */
  readonly claims: Claims | undefined
}

export interface OpenProviderParts {
  readonly artifacts: Artifacts
  readonly requireSigned: boolean
  /** Where executables of archives are unpacked, by digest. */
  readonly providerDir: string
  /** Throws when it may not run; asked before anything is unpacked. */
  readonly permit: (claims: Claims | undefined) => Promise<void>
}

/**
 * Fetches a provider, checks its claims and its executable, and unpacks it. A file that is no archive is a program as it
 * stands. Claims that do not hold are `denied`, and so are unsigned providers where `requireSigned` is set.
 */
export async function openProvider(ref: string, parts: OpenProviderParts): Promise<OpenedProvider> {
  const { artifacts, requireSigned, permit, providerDir } = parts
  const { bytes } = await artifacts.fetch(ref, 'provider')
  const reference = parseReference(ref)
  if (reference.kind === 'file' && !isProviderArchive(bytes)) {
    requireClaims(undefined, ref, requireSigned)
    await permit(undefined)
    return { path: reference.path, claims: undefined }
  }
  const archive = await openProviderArchive(bytes, ref)
  const claims = await providerClaims(archive, ref)
  requireClaims(claims, ref, requireSigned)
  await permit(claims)
  return { path: await unpack(archive.executable(thisTarget()), providerDir), claims }
}

/** Writes an executable under its digest, unless it is there and whole. */
async function unpack(executable: Uint8Array, folder: string): Promise<string> {
  const digest = await digestOf(executable)
  const path = join(folder, digest.replace(':', '-'))
  const found = await readFile(path).catch(() => undefined)
  if (found && (await digestOf(found)) === digest) return path
  const draft = `${path}.${randomUUID()}.new`
  await mkdir(folder, { recursive: true })
  await writeFile(draft, executable, { mode: 0o755 })
  await rename(draft, path)
  return path
}
