import assert from 'node:assert/strict'
import { mock, test } from 'node:test'
import { Bell } from '../../../src/host/process/bell.ts'
import type { ProviderInstance } from '../../../src/host/process/provider-instance.ts'
import { watchHealth } from '../../../src/host/process/watch-health.ts'
import type { ProviderControl } from '../../../src/lattice/provider-control.ts'

type Health = Awaited<ReturnType<ProviderControl['askHealth']>>

/** What comes of these answers, asked for one after the other. */
async function outcome(answers: readonly Health[]): Promise<string[]> {
  mock.timers.enable({ apis: ['setTimeout'] })
  const told: string[] = []
  const stop = new AbortController()
  let asked = 0
  const control = { askHealth: async () => answers[asked++] } as unknown as ProviderControl
  const instance = { control } as ProviderInstance
  const watching = watchHealth(instance, {
    onHealth: (problem) => told.push(problem ?? 'well'),
    onHang: () => told.push('hangs'),
    bell: new Bell(),
    signal: stop.signal,
  })
  for (const _ of answers) {
    mock.timers.tick(30_000)
    await new Promise(setImmediate)
  }
  stop.abort()
  await watching
  mock.timers.reset()
  return told
}

const silent = 'it does not answer health checks'

test('it is asked every 30 s, and what comes of it is told each time', async () => {
  const sick = { healthy: false, message: 'no backend' }
  assert.deepEqual(await outcome([{ healthy: true }, sick, { healthy: true }]), [
    'well',
    'no backend',
    'well',
  ])
})

test('one that answered before and then three times not hangs; one that never does may not know how', async () => {
  const missed = ['no answer', 'no answer', 'no answer'] as const
  assert.deepEqual(await outcome([{ healthy: true }, ...missed]), ['well', silent, silent, silent, 'hangs'])
  assert.deepEqual(await outcome([...missed, 'no answer']), Array(4).fill(silent))
})

test('while NATS is away nobody is blamed', async () => {
  const away = Array<Health>(10).fill('no nats')
  assert.deepEqual(await outcome([{ healthy: true }, ...away, { healthy: true }]), ['well', 'well'])
})
