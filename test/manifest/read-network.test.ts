import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { Network } from '../../src/guest/network/network.ts'
import { parseManifest } from '../../src/manifest/parse-manifest.ts'
import { manifestWithTraits } from '../support/manifest-with-traits.ts'

test('what a component may reach becomes settings, and the host takes all of it', async () => {
  const good = await readFile(join(import.meta.dirname, 'good', 'weft-traits.yaml'), 'utf8')
  const network = parseManifest(good, 'a.yaml').components[0]?.settings.network
  assert.deepEqual(network?.listen, ['127.0.0.1:7000', '*:8000', '[::]:9000'])
  new Network(network)
})

test('what is no host and port is named', () => {
  assert.throws(
    () =>
      parseManifest(
        manifestWithTraits(
          '        - { type: network, properties: { tcp: [db.example.com, "https://x:1", "a b:1"], listen: ["localhost:1"], http: ["x/y"], tpc: [] } }',
        ),
        'a.yaml',
      ),
    {
      code: 'invalid',
      message: [
        'a.yaml:10:48: "db.example.com" in "tcp" of the network, expected one such as db.example.com:5432',
        'a.yaml:10:64: "https://x:1" in "tcp" of the network, expected one such as db.example.com:5432',
        'a.yaml:10:79: "a b:1" in "tcp" of the network, expected one such as db.example.com:5432',
        'a.yaml:10:98: "localhost:1" in "listen" of the network, expected one such as 127.0.0.1:7000',
        'a.yaml:10:121: "x/y" in "http" of the network, expected one such as api.example.com',
        'a.yaml:10:129: the network has no field "tpc"; did you mean "tcp"?',
      ].join('\n'),
    },
  )
})
