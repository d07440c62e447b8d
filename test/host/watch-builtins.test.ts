import assert from 'node:assert/strict'
import { mock, test } from 'node:test'
import { ProviderHealth } from '../../src/host/provider-health.ts'
import { watchBuiltins } from '../../src/host/watch-builtins.ts'
import { Workload } from '../../src/host/workload.ts'
import { createLog } from '../../src/log.ts'

test('every 30 s the lattice hears how each builtin provider is, what has changed under another name', async () => {
  mock.timers.enable({ apis: ['setInterval'] })
  try {
    const told: string[] = []
    const log = createLog(() => {})
    const health = new ProviderHealth({
      hostId: 'NHOST',
      publishEvent: (name, data) => told.push(`${name} ${Object(data).provider_id}`),
      log,
    })
    const workload = new Workload({})
    const put = (provider_id: string, program: string | undefined) =>
      workload.putProvider(
        { provider_id, provider_ref: '', host_id: '', config: [], annotations: {} },
        { name: '', image: '', program, claims: undefined, jwt: undefined, secrets: {} },
      )
    put('http', undefined)
    put('process', '/bin/provider')
    let problem: string | undefined = 'the port is taken'
    let asked = 0
    const watching = watchBuiltins({
      workload,
      health,
      log,
      threads: { problemOf: () => problem },
      apply: async () => {
        asked += 1
      },
    })
    const tick = async () => {
      mock.timers.tick(30_000)
      await new Promise(setImmediate)
      return told.splice(0)
    }
    assert.deepEqual(await tick(), ['health_check_failed http'])
    assert.deepEqual(await tick(), ['health_check_status http'])
    problem = undefined
    assert.deepEqual(await tick(), ['health_check_passed http'])
    assert.deepEqual(await tick(), ['health_check_status http'])
    assert.equal(asked, 4)
    watching.stop()
    assert.deepEqual(await tick(), [])
  } finally {
    mock.timers.reset()
  }
})
