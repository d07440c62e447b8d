import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseManifest } from '../../src/manifest/parse-manifest.ts'
import { manifestWithTraits } from '../support/manifest-with-traits.ts'

const manifestWith = (mounts: string) =>
  manifestWithTraits(`        - type: volumes
          properties:
            mounts:
${mounts}`)

test('mounts become settings', () => {
  const [component] = parseManifest(
    manifestWith(`              - { volume: data, path: /data }
              - { volume: fixed, path: /fixed, subpath: a/b, access: read-write }`),
    'a.yaml',
  ).components
  assert.deepEqual(component?.settings.volumes, {
    mounts: [
      { volume: 'data', path: '/data' },
      { volume: 'fixed', path: '/fixed', subpath: 'a/b', access: 'read-write' },
    ],
  })
})

test('what can be no mount is named', () => {
  assert.throws(
    () =>
      parseManifest(
        manifestWith(`              - { path: /data }
              - { volume: data, path: data }
              - { volume: data, path: /a, subpath: ../b, access: write }
              - { volume: data, path: /a, acess: read-only }`),
        'a.yaml',
      ),
    {
      code: 'invalid',
      message: [
        'a.yaml:12:13: two volumes are mounted at "/a", expected one',
        'a.yaml:13:17: a mount has no "volume", expected text such as data, as the host names it',
        'a.yaml:14:39: "path" of a mount is "data", expected one such as /data, or "."',
        'a.yaml:15:52: "subpath" of a mount is "../b", expected a directory within the volume such as shop/images',
        'a.yaml:15:66: "access" of a mount is "write", expected read-only or read-write',
        'a.yaml:16:43: a mount has no field "acess"; did you mean "access"?',
      ].join('\n'),
    },
  )
})
