import assert from 'node:assert/strict'
import type { LookupAddress } from 'node:dns'
import { test } from 'node:test'
import { kindOf } from '../../src/capability/address-kind.ts'
import { lookupWithin } from '../../src/capability/lookup-within.ts'

const lookup = lookupWithin(
  async (name) => {
    if (name === 'gone.test') throw Object.assign(new Error('no such name'), { code: 'ENOTFOUND' })
    return name === 'turned.test'
      ? ['127.0.0.1', '169.254.169.254']
      : ['127.0.0.1', '10.0.0.1', '2001:db8::1']
  },
  (address) => kindOf(address) !== 'local',
)

function looked(name: string, all: boolean) {
  return new Promise<unknown>((resolve, reject) => {
    lookup(name, { all }, (error, address: string | LookupAddress[], family) =>
      error ? reject(error) : resolve(all ? address : [address, family]),
    )
  })
}

test('only addresses that may be used are given', async () => {
  assert.deepEqual(await looked('www.test', false), ['10.0.0.1', 4])
  assert.deepEqual(await looked('www.test', true), [
    { address: '10.0.0.1', family: 4 },
    { address: '2001:db8::1', family: 6 },
  ])
})

test('a name that was turned to the host itself leads nowhere', async () => {
  await assert.rejects(looked('turned.test', true), { wasiCode: 'destination-IP-prohibited' })
})

test('a name that is not there is told as the resolver tells it', async () => {
  await assert.rejects(looked('gone.test', true), { code: 'ENOTFOUND' })
})
