import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { createControlClient } from '../../src/lattice/control-client.ts'
import { greetOver } from '../support/greet.ts'
import { openLab } from '../support/lab.ts'
import { until } from '../support/until.ts'
import { root } from '../support/weft.ts'

const patient = { timeoutMs: 60_000 }

test('NATS restarts: provider processes go on as they are, and hear of what changes afterwards', async () => {
  const lab = await openLab()
  try {
    const host = await lab.host()
    const client = createControlClient({
      connection: lab.connection,
      lattice: lab.lattice,
      timeoutMs: 20_000,
    })
    await client.putConfig('greeting', { greeting: 'Hi' })
    await client.putLink({
      source_id: 'test',
      target: 'greeter',
      name: 'default',
      wit_namespace: 'weft-example',
      wit_package: 'greetings',
      interfaces: ['greeter'],
      source_config: [],
      target_config: ['greeting'],
    })
    await client.startProvider({
      host_id: host.id,
      provider_id: 'greeter',
      provider_ref: pathToFileURL(`${root}/test/provider-programs/greeter.ts`).href,
      config: [],
      annotations: {},
    })
    const greet = greetOver(lab.connection, 'greeter', { lattice: lab.lattice })
    const says = (name: string, expected: string) =>
      until(async () => (await greet(name, 2_000).catch(() => '')) === expected, patient)
    await says('link', 'Hi')
    const pid = await greet('pid')
    await lab.killNats()
    await lab.startNats()
    await says('link', 'Hi')
    await client.putConfig('greeting', { greeting: 'Hey' })
    await says('link', 'Hey')
    assert.equal(await greet('pid'), pid)
  } finally {
    await lab.close()
  }
})
