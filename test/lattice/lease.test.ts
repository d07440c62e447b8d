import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { connectNats } from '../../src/lattice/connect.ts'
import { openControllerBucket } from '../../src/lattice/json-records.ts'
import { holdLease } from '../../src/lattice/lease.ts'
import { createLog } from '../../src/log.ts'
import { type NatsServer, startNats } from '../support/start-nats.ts'
import { until } from '../support/until.ts'

const log = createLog(() => {})
const renewMs = 100
let nats: NatsServer
let lattices = 0

before(async () => {
  nats = await startNats()
})
after(() => nats.stop())

async function contender(lattice: string, holder: string) {
  const connection = await connectNats({ url: nats.url, name: holder })
  const bucket = await openControllerBucket(connection, lattice)
  const lease = await holdLease({ bucket, key: 'lease', holder, log, onHeld: () => {}, renewMs })
  const end = async () => {
    await lease.stop()
    await connection.close()
  }
  return { lease, connection, end }
}

test('one of many holds the lease, however they start', async () => {
  const lattice = `lease-${++lattices}`
  const all = await Promise.all(['a', 'b', 'c', 'd'].map((holder) => contender(lattice, holder)))
  const leading = () => all.filter(({ lease }) => lease.held()).length
  assert.equal(leading(), 1)
  for (let look = 0; look < 20; look++) {
    assert.equal(leading(), 1)
    await all[0]?.connection.flush()
  }
  await Promise.all(all.map(({ end }) => end()))
})

test('a lease that is given back is taken by the next look', async () => {
  const lattice = `lease-${++lattices}`
  const first = await contender(lattice, 'a')
  const second = await contender(lattice, 'b')
  assert.deepEqual([first.lease.held(), second.lease.held()], [true, false])
  await first.end()
  await until(() => second.lease.held(), { timeoutMs: 10 * renewMs })
  await second.end()
})

test('a holder that is cut off stops before another one begins', async () => {
  const lattice = `lease-${++lattices}`
  const first = await contender(lattice, 'a')
  const second = await contender(lattice, 'b')
  await first.connection.close()
  await until(() => {
    assert.ok(!(first.lease.held() && second.lease.held()), 'never two at once')
    return second.lease.held()
  })
  await first.lease.stop()
  await second.end()
})
