import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { Bell } from '../../../src/host/process/bell.ts'
import type { ProcessSurroundings } from '../../../src/host/process/provider-instance.ts'
import { ProviderProcess, type ProviderProcessOptions } from '../../../src/host/process/provider-process.ts'
import type { ProviderControl, ProviderHealth } from '../../../src/lattice/provider-control.ts'
import { createXkey } from '../../../src/lattice/xkey.ts'
import { createLog, type LogRecord } from '../../../src/log.ts'
import { until } from '../../support/until.ts'

let folder: string
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'weft-process-'))
})
after(() => rm(folder, { recursive: true, force: true }))

const patient = { timeoutMs: 20_000 }

async function open(script: string, health: () => ProviderHealth | 'no answer' = () => ({ healthy: true })) {
  const path = join(folder, `provider-${Math.random()}`)
  await writeFile(path, `#!/bin/sh\n${script}\n`, { mode: 0o755 })
  const told: string[] = []
  const lines: LogRecord[] = []
  const control: ProviderControl = {
    putLink() {},
    putLinkById() {},
    deleteLink() {},
    onLinkDeleted: () => ({ stop() {} }),
    putConfig() {},
    askHealth: async () => health(),
    shutDown: async () => false,
  }
  const around: ProcessSurroundings = {
    hostId: 'NHOST',
    lattice: 'default',
    natsUrl: 'nats://127.0.0.1:4222',
    natsUser: { jwt: '', seed: '' },
    xkey: createXkey(),
    runner: '/no/runner',
    env: { PATH: process.env['PATH'] },
    telemetryOf: () => ({
      env: {},
      otel: { enable_observability: false, protocol: 'Http', additional_ca_paths: [], trace_level: 'info' },
    }),
    control: () => control,
    log: createLog((line) => lines.push(line)),
  }
  const options: ProviderProcessOptions = {
    around,
    secrets: async () => ({}),
    restarts: { firstMs: 1, mostMs: 4, budget: 3, calmMs: 60_000 },
    onHealth: (problem) => told.push(problem ?? 'well'),
    onRun() {},
    onGivenUp: (why) => told.push(`given up: ${why}`),
  }
  const plan = { id: 'kv', path, ref: `file://${path}`, config: {}, secrets: {}, links: [] }
  return { start: () => ProviderProcess.start(plan, options), told, lines }
}

test('one that ends again and again is started again after pauses that double, then given up with its last words', async () => {
  const { start, told } = await open('sleep 0.1; echo out of luck; exit 4')
  await start()
  await until(() => told.at(-1)?.startsWith('given up'), patient)
  const how = 'exit code 4, after it said: out of luck'
  assert.deepEqual(
    told.filter((one) => one !== 'well'),
    [
      ...[1, 2, 4].map((ms) => `it ended with ${how}; it starts again in ${ms} ms`),
      `given up: it ended 4 times in a row: ${how}`,
    ],
  )
})

test('one that ends before it answers was never started', async () => {
  const { start, told } = await open('echo no port >&2; exit 1', () => 'no answer')
  await assert.rejects(start(), {
    code: 'unavailable',
    message: 'it ended before it was ready: exit code 1, after it said: no port',
  })
  assert.deepEqual(told, [])
})

test('one that says that it is unhealthy runs, with what is wrong', async () => {
  const { start } = await open('exec sleep 60', () => ({ healthy: false, message: 'no backend' }))
  const started = await start()
  assert.equal(started.problem, 'no backend')
  await started.stop(100)
})

test('what is stopped is not started again, whether it runs or waits for its next start', async () => {
  const { start, told } = await open('exec sleep 60')
  const started = await start()
  await started.stop(100)
  assert.ok(started.instance?.hasEnded())
  assert.deepEqual(told, [])
})

test('a bell that rings ends the pause that is, or the next one', async () => {
  const bell = new Bell()
  const { signal } = new AbortController()
  const pause = bell.pause(60_000, signal)
  bell.ring()
  await pause
  bell.ring()
  await bell.pause(60_000, signal)
  await bell.pause(60_000, AbortSignal.abort())
  await bell.pause(1, signal)
})
