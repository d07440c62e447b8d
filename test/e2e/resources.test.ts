import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { until } from '../support/until.ts'
import { openWorkplace, root } from '../support/weft.ts'

describe('components that pass resources over a link', () => {
  let place: Awaited<ReturnType<typeof openWorkplace>>
  before(async () => {
    place = await openWorkplace()
    const manifest = join(place.folder, 'stock.json')
    await writeFile(manifest, JSON.stringify(manifestOf()))
    await place.start(['up', '--port', '0', '--ephemeral', '--threads', '2', manifest]).seen(/weft is up/)
  })
  after(() => place.close())

  const ask = async (...args: string[]) => {
    const done = await place.run(['call', 'stock-user', ...args, '-o', 'json'])
    assert.equal(done.code, 0, done.err)
    return JSON.parse(done.out) as { readonly result: unknown; readonly traceId: string }
  }

  test('on one host share what one of them made, in one trace', async () => {
    const { result, traceId } = await ask('desk.sum', '[1, 2, 3]')
    assert.deepEqual(result, [6, 3, 0])
    await until(async () => {
      const { out } = await place.run(['traces', traceId, '-o', 'json'])
      return out.includes('"stock/stock item"') && out.includes('"stock/stock total"')
    })
  })

  test('are told that a third component can not have it', async () => {
    const done = await place.run(['call', 'stock-user', 'desk.audit', '[1]'])
    assert.match(done.err, /can't be given this resource: it was made by component stock-maker/)
  })

  test('pass them there and back', async () => {
    const { result } = await ask('desk.pick', '["a", "b"]', '"b"')
    assert.deepEqual(result, ['b', 0])
  })
})

function manifestOf(): object {
  const component = (name: string, traits: readonly object[]) => ({
    name,
    type: 'component',
    properties: {
      image: pathToFileURL(join(root, `test/guests/stock-composed/stock-${name}/stock-${name}.wasm`)).href,
    },
    traits: [{ type: 'spreadscaler', properties: { instances: 5 } }, ...traits],
  })
  const link = (name: string, target: string) => ({
    type: 'link',
    properties: { namespace: 'weft-test', package: 'stock', interfaces: [name], target: { name: target } },
  })
  const components = [
    component('maker', []),
    component('auditor', [link('stock', 'maker')]),
    component('user', [link('stock', 'maker'), link('audit', 'auditor')]),
  ]
  return {
    apiVersion: 'core.oam.dev/v1beta1',
    kind: 'Application',
    metadata: { name: 'stock', annotations: { description: 'resources over a link' } },
    spec: { components },
  }
}
