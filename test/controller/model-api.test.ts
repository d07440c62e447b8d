import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { createModelApi } from '../../src/controller/model-api.ts'
import { undeployedStatus } from '../../src/controller/status.ts'
import { connectNats } from '../../src/lattice/connect.ts'
import { type ManifestStore, openManifestStore } from '../../src/lattice/manifest-store.ts'
import {
  type ModelEvent,
  type ModelRequest,
  requestModel,
  serveModelRequests,
} from '../../src/lattice/model-requests.ts'
import { createLog } from '../../src/log.ts'
import { type NatsServer, startNats } from '../support/start-nats.ts'
import { component, manifestOf } from './sample.ts'

const log = createLog(() => {})
let nats: NatsServer
let lattices = 0

before(async () => {
  nats = await startNats()
})
after(() => nats.stop())

interface Api {
  readonly store: ManifestStore
  readonly announced: readonly ModelEvent[]
  ask(operation: ModelRequest['operation'], name?: string, body?: string): Promise<unknown>
}

/** Serves the API in a lattice of its own and asks it over NATS. */
async function withApi(play: (api: Api) => Promise<void>): Promise<void> {
  const lattice = `api-${++lattices}`
  const connection = await connectNats({ url: nats.url, name: 'test' })
  try {
    const store = await openManifestStore({ connection, lattice, log })
    const announced: ModelEvent[] = []
    const answer = createModelApi({
      store,
      status: async () => undeployedStatus([]),
      announce: (event) => announced.push(event),
    })
    await serveModelRequests({ connection, lattice, log, answer })
    const ask: Api['ask'] = (operation, name = '', body = '') =>
      requestModel({ connection, lattice, request: { operation, name, body } })
    await play({ store, announced, ask })
  } finally {
    await connection.close()
  }
}

function sourceOf(version: string | undefined, name = 'my-app'): string {
  const annotations = { description: 'says hello', ...(version === undefined ? {} : { version }) }
  return JSON.stringify(manifestOf([component('hello', 1)], { name, annotations }).source)
}

test('put answers as wadm does, and a version is put only once', () =>
  withApi(async ({ ask }) => {
    assert.deepEqual(await ask('put', '', sourceOf('v1')), {
      result: 'created',
      total_versions: 1,
      current_version: 'v1',
      message: 'stored my-app v1',
      name: 'my-app',
    })
    const second = (await ask('put', '', sourceOf('v2'))) as Record<string, unknown>
    assert.deepEqual([second['result'], second['total_versions']], ['newversion', 2])
    const again = (await ask('put', '', sourceOf('v1'))) as Record<string, unknown>
    assert.equal(again['result'], 'error')
    assert.match(String(again['message']), /already has a version v1/)
  }))

test('a manifest without a version gets one, in its annotations too', () =>
  withApi(async ({ ask }) => {
    const { current_version } = (await ask('put', '', sourceOf(undefined))) as { current_version: string }
    assert.match(current_version, /^[0-9A-HJKMNP-TV-Z]{26}$/)
    const { manifest } = (await ask('get', 'my-app')) as { manifest: { metadata: { annotations: object } } }
    assert.deepEqual(manifest.metadata.annotations, { description: 'says hello', version: current_version })
  }))

test('a manifest comes back unchanged', () =>
  withApi(async ({ ask }) => {
    await ask('put', '', sourceOf('v1'))
    await ask('put', '', sourceOf('v2'))
    assert.deepEqual(await ask('get', 'my-app', '{"version":"v1"}'), {
      result: 'success',
      message: 'my-app v1',
      manifest: JSON.parse(sourceOf('v1')),
    })
    assert.deepEqual(await ask('get', 'other'), {
      result: 'notfound',
      message: 'no application is called other',
      manifest: null,
    })
  }))

test('a bad manifest is answered with its lines', () =>
  withApi(async ({ ask }) => {
    const { result, message } = (await ask('put', '', 'kind: App\n')) as Record<string, string>
    assert.equal(result, 'error')
    assert.match(message ?? '', /^manifest:1:1: the manifest has no "apiVersion"/)
    const broken = (await ask('deploy', 'my-app', '{')) as Record<string, string>
    assert.equal(broken['result'], 'error')
  }))

test('deploy, undeploy, versions and list answer as wadm does', () =>
  withApi(async ({ ask, announced }) => {
    await ask('put', '', sourceOf('v1'))
    await ask('put', '', sourceOf('v2'))
    assert.deepEqual(await ask('deploy', 'my-app', '{"version":"latest"}'), {
      result: 'acknowledged',
      message: 'my-app v2 is to run from now on',
      name: 'my-app',
      version: 'v2',
    })
    assert.deepEqual(await ask('versions', 'my-app'), {
      result: 'success',
      message: 'my-app has 2 versions',
      versions: [
        { version: 'v1', deployed: false },
        { version: 'v2', deployed: true },
      ],
    })
    const summary = {
      name: 'my-app',
      version: 'v2',
      description: 'says hello',
      deployed_version: 'v2',
      detailed_status: undeployedStatus([]),
      status: 'undeployed',
      status_message: null,
    }
    assert.deepEqual(await ask('list'), [summary])
    assert.deepEqual(await ask('get'), {
      result: 'success',
      message: '1 applications',
      models: [summary],
    })
    const gone = (await ask('undeploy', 'my-app', '{}')) as Record<string, unknown>
    assert.equal(gone['result'], 'acknowledged')
    assert.deepEqual(
      announced.map(({ name }) => name),
      ['manifest_published', 'manifest_unpublished'],
    )
    const missing = (await ask('deploy', 'other')) as Record<string, unknown>
    assert.deepEqual([missing['result'], missing['name'], missing['version']], ['notfound', 'other', null])
    const noVersion = (await ask('deploy', 'my-app', '{"version":"v9"}')) as Record<string, unknown>
    assert.match(String(noVersion['message']), /has no version v9 to deploy; it has v1, v2/)
  }))

test('deleting the deployed version undeploys it; deleting the last one deletes the application', () =>
  withApi(async ({ ask, store }) => {
    await ask('put', '', sourceOf('v1'))
    await ask('put', '', sourceOf('v2'))
    await ask('deploy', 'my-app')
    assert.deepEqual(await ask('del', 'my-app', '{"version":"v2"}'), {
      result: 'deleted',
      message: 'deleted my-app v2',
      undeploy: true,
    })
    assert.equal((await store.read('my-app'))?.deployed, undefined)
    const noop = (await ask('del', 'my-app', '{"version":"v2"}')) as Record<string, unknown>
    assert.equal(noop['result'], 'noop')
    await ask('del', 'my-app', '{"version":"v1"}')
    assert.deepEqual([await store.read('my-app'), (await store.readAll()).size], [undefined, 0])
  }))

test('an id that another application has deployed is refused', () =>
  withApi(async ({ ask }) => {
    for (const name of ['an-app', 'an_app']) await ask('put', '', sourceOf('v1', name))
    await ask('deploy', 'an-app')
    const { result, message } = (await ask('deploy', 'an_app')) as Record<string, string>
    assert.equal(result, 'error')
    assert.match(message ?? '', /the id "an_app-hello" belongs to "an-app"/)
  }))

test('a deploy that would fight with another over a config is refused with both names', () =>
  withApi(async ({ ask, store }) => {
    const source = (name: string, lang: string) => {
      const config = [{ name: 'lang', properties: { lang } }]
      return JSON.stringify(manifestOf([component(name, 1, { properties: { config } })], { name }).source)
    }
    await ask('put', '', source('an-app', 'de'))
    await ask('put', '', source('an_app', 'en'))
    await ask('deploy', 'an-app')
    const { result, message } = (await ask('deploy', 'an_app')) as Record<string, string>
    assert.equal(result, 'error')
    assert.match(message ?? '', /"an-app".*the config "an_app-lang".*"an_app"/)
    assert.equal((await store.read('an_app'))?.deployed, undefined)
    await ask('undeploy', 'an-app')
    assert.equal(((await ask('deploy', 'an_app')) as Record<string, string>)['result'], 'acknowledged')
  }))

test('what was deployed is kept, and a rollback goes back to what ran before', () =>
  withApi(async ({ ask, store }) => {
    for (const version of ['v1', 'v2', 'v3']) await ask('put', '', sourceOf(version))
    for (const version of ['v1', 'v2']) await ask('deploy', 'my-app', JSON.stringify({ version }))
    await ask('deploy', 'my-app', '{"version":"v2"}')
    assert.deepEqual(await ask('rollback', 'my-app'), {
      result: 'acknowledged',
      message: 'my-app v1 is to run from now on',
      name: 'my-app',
      version: 'v1',
    })
    await ask('rollback', 'my-app', '{"version":"v3"}')
    await ask('undeploy', 'my-app', '{}')
    const { history } = (await ask('history', 'my-app')) as { history: { at: string }[] }
    assert.deepEqual(
      history.map(({ at, ...rest }) => rest),
      [
        { did: 'deploy', version: 'v1' },
        { did: 'deploy', version: 'v2', from: 'v1' },
        { did: 'rollback', version: 'v1', from: 'v2' },
        { did: 'rollback', version: 'v3', from: 'v1' },
        { did: 'undeploy', version: 'v3', from: 'v3' },
      ],
    )
    assert.ok(history.every(({ at }) => !Number.isNaN(Date.parse(at))))
    assert.equal((await store.read('my-app'))?.deployed, undefined)
  }))

test('a version that is gone from the store is nothing to roll back to', () =>
  withApi(async ({ ask }) => {
    for (const version of ['v1', 'v2']) {
      await ask('put', '', sourceOf(version))
      await ask('deploy', 'my-app', JSON.stringify({ version }))
    }
    await ask('del', 'my-app', '{"version":"v1"}')
    const { result, message } = (await ask('rollback', 'my-app')) as Record<string, string>
    assert.deepEqual([result, /no version that ran before/.test(message ?? '')], ['error', true])
    const missing = (await ask('rollback', 'other')) as Record<string, string>
    assert.equal(missing['result'], 'notfound')
  }))

test('versions that look like numbers keep the order in which they were put', () =>
  withApi(async ({ ask }) => {
    for (const version of ['20', '3', 'b', '1']) await ask('put', '', sourceOf(version))
    const { versions } = (await ask('versions', 'my-app')) as { versions: { version: string }[] }
    assert.deepEqual(
      versions.map(({ version }) => version),
      ['20', '3', 'b', '1'],
    )
  }))
