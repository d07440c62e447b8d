import {
  type VolumeAccess,
  type VolumeMount,
  type VolumeSettings,
  volumeAccesses,
} from '../component-settings.ts'
import { Fields } from './fields.ts'
import type { Located } from './located.ts'
import type { Report } from './report.ts'

/** Reads the properties of a `volumes` trait: directories of the host that the guest may use. */
export function readVolumes(report: Report, node: Located): VolumeSettings {
  const fields = Fields.open(report, node, { what: 'the volumes', known: ['mounts'], others: 'refused' })
  if (!fields) return { mounts: [] }
  if (!fields.has('mounts')) fields.missing('mounts', 'a list with "- volume: data"')
  const mounts = fields.list('mounts').flatMap((item) => readMount(report, item))
  const twice = mounts.find(({ path }, index) => mounts.findIndex((one) => one.path === path) < index)
  if (twice) report.problem(fields.offset, `two volumes are mounted at "${twice.path}", expected one`)
  return { mounts }
}

function readMount(report: Report, node: Located): VolumeMount[] {
  const fields = Fields.open(report, node, {
    what: 'a mount',
    known: ['volume', 'path', 'subpath', 'access'],
    others: 'refused',
  })
  const volume = fields?.requiredText('volume', 'data, as the host names it')
  const path = fields?.requiredText('path', '/data')
  const subpath = fields?.text('subpath')
  const access = fields && readAccess(report, fields)
  if (!fields || volume === undefined || path === undefined) return []
  if (!/^(\/|\.$)/.test(path))
    report.problem(
      fields.get('path')?.offset ?? fields.offset,
      `"path" of a mount is "${path}", expected one such as /data, or "."`,
    )
  if (subpath !== undefined && (subpath.startsWith('/') || subpath.split('/').includes('..')))
    report.problem(
      fields.get('subpath')?.offset ?? fields.offset,
      `"subpath" of a mount is "${subpath}", expected a directory within the volume such as shop/images`,
    )
  return [{ volume, path, ...(subpath !== undefined && { subpath }), ...(access && { access }) }]
}

function readAccess(report: Report, fields: Fields): VolumeAccess | undefined {
  const text = fields.text('access')
  if (text === undefined) return undefined
  const known = volumeAccesses.find((each) => each === text)
  if (known === undefined)
    report.problem(
      fields.get('access')?.offset ?? fields.offset,
      `"access" of a mount is "${text}", expected ${volumeAccesses.join(' or ')}`,
    )
  return known
}
