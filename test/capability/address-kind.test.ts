import assert from 'node:assert/strict'
import { test } from 'node:test'
import { kindOf } from '../../src/capability/address-kind.ts'

test('addresses are of the kind that they are', () => {
  const kinds = {
    public: ['8.8.8.8', '2606:4700::1', '172.32.0.1'],
    private: ['10.1.1.1', '172.16.0.1', '192.168.0.1', '100.64.0.1', 'fd00::1', '::ffff:10.0.0.1'],
    local: [
      '127.0.0.1',
      '0.0.0.0',
      '169.254.169.254',
      '::1',
      '::',
      'fe80::1',
      '::ffff:127.0.0.1',
      'ff02::1',
      'x',
    ],
  }
  for (const [kind, all] of Object.entries(kinds))
    for (const address of all) assert.equal(kindOf(address), kind, address)
})
