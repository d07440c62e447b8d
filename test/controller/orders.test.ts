import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Orders } from '../../src/controller/orders.ts'
import { WeftError } from '../../src/errors.ts'
import { createHostIdentity } from '../../src/lattice/host-identity.ts'
import { createLog, type LogRecord } from '../../src/log.ts'

test('a host that does not answer is told by its name', async () => {
  const { id } = createHostIdentity()
  const lines: LogRecord[] = []
  const orders = new Orders({
    log: createLog((line) => lines.push(line)),
    nameOf: () => 'brave-maple (NABCDEFG)',
    mayAct: () => true,
    giveUnder: async () => {
      throw new WeftError('deadline', `host ${id} does not answer in lattice default within 2000 ms`)
    },
  })
  const deed = { do: 'stop provider', hostId: id, providerId: 'kv' } as const
  const command = { app: 'shop', part: 'workload kv', target: `kv on ${id}`, deed }
  orders.planned('shop', [command])
  await orders.giveAll([command])
  const said = 'host brave-maple (NABCDEFG) does not answer in lattice default within 2000 ms'
  assert.deepEqual(
    orders.failures('shop').map(({ error }) => error),
    [said],
  )
  assert.deepEqual(
    lines.map(({ message }) => message),
    [
      'controller: stop provider kv on brave-maple (NABCDEFG)',
      `controller: stop provider kv on brave-maple (NABCDEFG): ${said}`,
    ],
  )
})
