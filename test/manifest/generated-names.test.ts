import assert from 'node:assert/strict'
import { test } from 'node:test'
import { componentIdOf, configNameOf, secretNameOf } from '../../src/manifest/generated-names.ts'

test('names are made of application and part, lower case, with _ for all but letters and digits', () => {
  assert.equal(
    componentIdOf('my-App', { name: 'hello.World', id: undefined, from: { image: 'x' } }),
    'my_app-hello_world',
  )
  assert.equal(configNameOf('my-app', 'hello-config'), 'my_app-hello_config')
  assert.equal(secretNameOf('my-app', 'api-key'), 'SECRET_my_app-api_key')
})

test('an id in the manifest stands; a component of another application has that application in its id', () => {
  assert.equal(componentIdOf('app', { name: 'c', id: 'Mine', from: { image: 'x' } }), 'Mine')
  assert.equal(
    componentIdOf('app', { name: 'c', id: undefined, from: { application: 'Base-1', component: 'kv' } }),
    'base_1-kv',
  )
})
