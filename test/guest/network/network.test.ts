import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ipAddressFrom } from '../../../src/guest/network/ip-address.ts'
import { GuestNetwork, Network } from '../../../src/guest/network/network.ts'
import { networkRule } from '../../../src/guest/network/network-rule.ts'

const addresses: Record<string, readonly string[]> = {
  'db.example.com': ['10.0.0.7'],
  'www.example.com': ['192.0.2.7', '2001:db8::7'],
  'evil.example.com': ['169.254.169.254'],
  'rebound.example.com': ['127.0.0.1', '::1', '::ffff:127.0.0.1', '0.0.0.0', '64:ff9b::7f00:1'],
  'inner.example.org': ['192.168.3.4'],
}
const told: string[] = []
const life = { signal: new AbortController().signal, warn: (text: string) => told.push(text) }
const guestWith = (tcp: readonly string[], found = addresses) =>
  new GuestNetwork(new Network({ tcp }, { lookUp: async (name) => found[name] ?? [] }), life)
const refused = { code: 'access-denied' }

test('a name leads to what it resolves to, at its ports only', async () => {
  const guest = guestWith(['db.example.com:5432', 'WWW.example.com:*'])
  assert.equal(guest.mayReach('tcp', { address: '10.0.0.7', port: 5432 }), false)
  assert.deepEqual(await guest.resolve('db.example.com'), ['10.0.0.7'])
  assert.equal(guest.mayReach('tcp', { address: '10.0.0.7', port: 5432 }), true)
  assert.equal(guest.mayReach('tcp', { address: '10.0.0.7', port: 5433 }), false)
  assert.equal(guest.mayReach('udp', { address: '10.0.0.7', port: 5432 }), false)
  assert.equal(guest.mayReach('tcp', { address: '10.0.0.8', port: 5432 }), false)
  assert.deepEqual(await guest.resolve('www.example.com'), addresses['www.example.com'])
  await assert.rejects(guest.resolve('other.example.com'), refused)
})

test('a name that turns to the host itself or its link leads nowhere', async () => {
  const guest = guestWith(['evil.example.com:*', 'rebound.example.com:*', '*.example.org:*'])
  await assert.rejects(guest.resolve('evil.example.com'), refused)
  await assert.rejects(guest.resolve('rebound.example.com'), refused)
  await assert.rejects(guest.resolve('inner.example.org'), refused)
  assert.equal(guest.mayReach('tcp', { address: '127.0.0.1', port: 80 }), false)
})

test('a name that turns later is asked about again', async () => {
  const found: Record<string, readonly string[]> = { 'turns.example.com': ['192.0.2.1'] }
  const guest = guestWith(['turns.example.com:80'], found)
  await guest.resolve('turns.example.com')
  found['turns.example.com'] = ['192.0.2.2']
  await guest.resolve('turns.example.com')
  assert.equal(guest.mayReach('tcp', { address: '192.0.2.1', port: 80 }), false)
  assert.equal(guest.mayReach('tcp', { address: '192.0.2.2', port: 80 }), true)
})

test('who runs the component is told what was refused, once', async () => {
  const guest = guestWith(['evil.example.com:*'])
  told.length = 0
  for (let times = 0; times < 3; times++) {
    await assert.rejects(guest.resolve('evil.example.com'), refused)
    await assert.rejects(guest.resolve('other.example.com'), refused)
  }
  const why = '"network" in its manifest does not name it, or the host does not let it'
  assert.deepEqual(told, [
    `the guest may not use evil.example.com, which leads to 169.254.169.254: ${why}`,
    `the guest may not look up other.example.com: ${why}`,
  ])
})

test('what was looked up in one life is not known in the next', async () => {
  const context = { ...life, signal: new AbortController().signal }
  const network = new Network({ tcp: ['db.example.com:1'] }, { lookUp: async () => ['10.0.0.7'] })
  const guest = new GuestNetwork(network, context)
  await guest.resolve('db.example.com')
  assert.equal(guest.mayReach('tcp', { address: '10.0.0.7', port: 1 }), true)
  context.signal = new AbortController().signal
  assert.equal(guest.mayReach('tcp', { address: '10.0.0.7', port: 1 }), false)
})

test('an address or range is meant as it stands', () => {
  const guest = guestWith(['127.0.0.1:80', '10.0.0.0/8:*', '[fd00::]/8:53'])
  assert.equal(guest.mayReach('tcp', { address: '127.0.0.1', port: 80 }), true)
  assert.equal(guest.mayReach('tcp', { address: '10.9.8.7', port: 1 }), true)
  assert.equal(guest.mayReach('tcp', { address: '11.9.8.7', port: 1 }), false)
  assert.equal(guest.mayReach('tcp', { address: 'fd12::1', port: 53 }), true)
})

test('a component looks up two names at a time', async () => {
  let now = 0
  let most = 0
  const lookUp = async () => {
    now++
    most = Math.max(most, now)
    await new Promise(setImmediate)
    now--
    return ['192.0.2.1']
  }
  const network = new Network({ tcp: ['*:*'] }, { lookUp })
  const guest = new GuestNetwork(network, life)
  await Promise.all(Array.from({ length: 9 }, (_, index) => guest.resolve(`n${index}.example.com`)))
  assert.equal(most, 2)
})

test('addresses become numbers', () => {
  assert.deepEqual(ipAddressFrom('127.0.0.1'), { tag: 'ipv4', val: [127, 0, 0, 1] })
  assert.deepEqual(ipAddressFrom('::1'), { tag: 'ipv6', val: [0, 0, 0, 0, 0, 0, 0, 1] })
  assert.deepEqual(ipAddressFrom('fe80::1%eth0').val, [0xfe80, 0, 0, 0, 0, 0, 0, 1])
  assert.deepEqual(ipAddressFrom('1:2:3:4:5:6:7:8').val, [1, 2, 3, 4, 5, 6, 7, 8])
  assert.deepEqual(ipAddressFrom('::ffff:1.2.3.4').val, [0, 0, 0, 0, 0, 0xffff, 0x0102, 0x0304])
})

test('what is no rule is refused', () => {
  for (const text of [
    '',
    ':80',
    'a:b',
    'a:70000',
    '10.0.0.0/33:1',
    '1.2.3:4',
    'a/8:1',
    '[::1',
    'a b:1',
    '**.x:1',
  ])
    assert.throws(() => networkRule(text), { code: 'invalid' }, text)
})

test("the host's operator has the last word", async () => {
  const settings = { tcp: ['127.0.0.1:80', '10.0.0.0/8:*', '*:443'], listen: ['*:7000'] }
  assert.throws(() => new Network(settings, { lid: 'none' }), {
    code: 'denied',
    message: /--guest-network none/,
  })
  new Network({}, { lid: 'none' })
  const guest = new GuestNetwork(new Network(settings, { lid: 'public' }), life)
  assert.equal(guest.mayReach('tcp', { address: '127.0.0.1', port: 80 }), false)
  assert.equal(guest.mayReach('tcp', { address: '10.0.0.1', port: 80 }), false)
  assert.equal(guest.mayReach('tcp', { address: '192.0.2.1', port: 443 }), true)
  assert.equal(guest.mayListen({ address: '0.0.0.0', port: 7000 }), false)
})
