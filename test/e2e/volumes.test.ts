import assert from 'node:assert/strict'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { openWorkplace, root } from '../support/weft.ts'

const command = pathToFileURL(join(root, 'test/guests/std-command/std-command.wasm')).href

describe('a component with a volume', { timeout: 180_000 }, () => {
  let place: Awaited<ReturnType<typeof openWorkplace>>
  let data: string
  before(async () => {
    place = await openWorkplace()
    data = join(place.folder, 'data')
    await mkdir(data)
    await writeFile(join(data, 'in'), 'from the host')
  })
  after(() => place.close())

  const manifestOf = async (name: string, volume: string) => {
    const args = 'read /files/in ; write /files/out from_the_guest ; env ; exit 0 ; env'.split(' ')
    const mounts = [{ volume, path: '/files', access: 'read-write' }]
    const path = join(place.folder, `${name}.json`)
    const component = {
      name: 'std',
      type: 'component',
      properties: { image: command },
      traits: [
        { type: 'spreadscaler', properties: { instances: 1 } },
        { type: 'cli', properties: { args, env: { WHO: 'weft' } } },
        { type: 'volumes', properties: { mounts } },
      ],
    }
    const manifest = {
      apiVersion: 'core.oam.dev/v1beta1',
      kind: 'Application',
      metadata: { name, annotations: { version: 'v1' } },
      spec: { components: [component] },
    }
    await writeFile(path, JSON.stringify(manifest))
    return path
  }

  test('reads and writes it, with the arguments and environment of its manifest', async () => {
    const manifest = await manifestOf('files', 'data')
    const flags = ['--port', '0', '--ephemeral', '--threads', '1', '--volume', `data=${data}`]
    const up = place.start(['up', ...flags, manifest])
    await up.seen(/weft is up/)
    const { code, out, err } = await place.run(['call', 'files-std', 'wasi:cli/run.run'])
    assert.equal(code, 0, err)
    assert.match(out, /ok/)
    assert.equal(await readFile(join(data, 'out'), 'utf8'), 'from_the_guest')
    await up.seen(/ok from the host[\s\S]*ok WHO=weft/)
    await up.stop()
  })

  test('waits for a host that has its volume, and the status says so', async () => {
    const manifest = await manifestOf('files2', 'other')
    const flags = ['--port', '0', '--ephemeral', '--threads', '1', '--volume', `data=${data}:ro`]
    const up = place.start(['up', ...flags, manifest])
    await up.seen(/1 without its volumes/)
    const { out } = await place.run(['get', 'hosts', '-o', 'json'])
    assert.match(out, /"weft.dev\/volume.data": "read-only"/)
    await up.stop()
  })
})
