import { join } from 'node:path'
import type { VolumeAccess, VolumeMount, VolumeSettings } from '../../component-settings.ts'
import { WeftError } from '../../errors.ts'
import type { Anchor } from './anchor.ts'
import { FileError } from './file-error.ts'
import { openAt } from './open-at.ts'
import { OpenNode, openRoot } from './open-node.ts'

/** A directory of the host that its operator lets components use. */
export interface HostVolume {
  /** Absolute. */
  readonly path: string
  /** The most that a manifest may ask for. */
  readonly access: VolumeAccess
}

/** What the operator of a host lets components use, by the names that manifests know. */
export type HostVolumes = Readonly<Record<string, HostVolume>>

/** A directory that a component's guests find at `path`. */
export interface OpenVolume {
  readonly path: string
  readonly access: VolumeAccess
  readonly root: Anchor
}

/**
 * Opens what the manifest of a component asks for, within what the host has. Throws `denied` where the host does not
 * give it, `not_found` where the directory is missing: each says what to do.
 */
export async function openVolumes(
  settings: VolumeSettings | undefined,
  volumes: HostVolumes = {},
): Promise<readonly OpenVolume[]> {
  const opened: OpenVolume[] = []
  try {
    for (const mount of settings?.mounts ?? []) opened.push(await openVolume(mount, volumes))
    return opened
  } catch (error) {
    releaseVolumes(opened)
    throw error
  }
}

/** One user more: they stay open until he has released them. */
export function retainVolumes(volumes: readonly OpenVolume[]): readonly OpenVolume[] {
  for (const { root } of volumes) root.retain()
  return volumes
}

/** One user less, after `openVolumes` or `retainVolumes`: the last one closes them. */
export function releaseVolumes(volumes: readonly OpenVolume[]): void {
  for (const { root } of volumes) root.release()
}

async function openVolume(mount: VolumeMount, volumes: HostVolumes): Promise<OpenVolume> {
  const { volume: name, path, subpath = '.', access = 'read-only' } = mount
  const volume = Object.hasOwn(volumes, name) ? volumes[name] : undefined
  if (!volume)
    throw new WeftError(
      'denied',
      `this host has no volume "${name}": start it with --volume ${name}=/a/directory, or place the component elsewhere`,
    )
  if (access === 'read-write' && volume.access === 'read-only')
    throw new WeftError(
      'denied',
      `volume "${name}" is read-only on this host, and the manifest asks for read-write`,
    )
  if (process.platform !== 'linux')
    throw new WeftError(
      'denied',
      `volume "${name}": hosts on ${process.platform} have no volumes, only those on Linux do`,
    )
  try {
    using root = await openRoot(volume.path)
    return { path, access, root: await beneath(root, subpath) }
  } catch (cause) {
    const where = `${join(volume.path, subpath)} of volume "${name}"`
    const { code } = FileError.from(cause)
    throw new WeftError('not_found', `cannot open ${where} as a directory: ${code}`, { cause })
  }
}

/** The manifest's author is not the host's operator: what he names stays beneath the volume like what a guest names. */
async function beneath(anchor: Anchor, path: string): Promise<Anchor> {
  const root = OpenNode.root(anchor, 'read-only')
  try {
    const node = await openAt(root, {
      path,
      follow: true,
      create: false,
      directory: true,
      exclusive: false,
      truncate: false,
      read: true,
      write: false,
      sync: 'none',
    })
    return node.anchor
  } finally {
    root.close()
  }
}
