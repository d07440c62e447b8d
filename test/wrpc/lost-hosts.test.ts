import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LostHosts } from '../../src/wrpc/lost-hosts.ts'

test('who waits for a host that is lost is told once, others are not', () => {
  const hosts = new LostHosts()
  const told: string[] = []
  hosts.watch('a', () => told.push('a1'))
  hosts.watch('a', () => told.push('a2'))
  hosts.watch('b', () => told.push('b'))
  hosts.lost('a')
  hosts.lost('a')
  assert.deepEqual(told, ['a1', 'a2'])
})

test('who no longer waits is not told', () => {
  const hosts = new LostHosts()
  hosts.watch('a', () => assert.fail('told'))()
  hosts.lost('a')
})
