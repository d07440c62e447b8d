import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { clearRunning, latticeOf, readRunning, stateDir, writeRunning } from '../../src/lattice/state-file.ts'

async function withStateDir(run: (env: Record<string, string>) => Promise<void>): Promise<void> {
  const dir = await mkdtemp(join(tmpdir(), 'weft-state-'))
  try {
    await run({ WEFT_STATE_DIR: join(dir, 'not', 'there', 'yet') })
  } finally {
    await rm(dir, { recursive: true, force: true })
  }
}

const here = { url: 'nats://127.0.0.1:5555', lattice: 'mine', pid: process.pid }

test('the state directory follows WEFT_STATE_DIR, then XDG_STATE_HOME, then the home directory', () => {
  assert.equal(stateDir({ WEFT_STATE_DIR: '/a', XDG_STATE_HOME: '/b' }), '/a')
  assert.equal(stateDir({ XDG_STATE_HOME: '/b' }), '/b/weft')
  assert.match(stateDir({}), /\.local\/state\/weft$/)
})

test('what runs is found until it is cleared', () =>
  withStateDir(async (env) => {
    assert.equal(await readRunning(env), undefined)
    await writeRunning({ ...here, hostId: 'NX' }, env)
    assert.deepEqual(await readRunning(env), { ...here, hostId: 'NX' })
    await clearRunning(process.pid, env)
    assert.equal(await readRunning(env), undefined)
  }))

test('the note of a process that died is ignored', () =>
  withStateDir(async (env) => {
    const child = spawn('sleep', ['60'])
    assert.ok(child.pid)
    await writeRunning({ ...here, pid: child.pid }, env)
    assert.equal((await readRunning(env))?.pid, child.pid)
    child.kill('SIGKILL')
    await once(child, 'exit')
    assert.equal(await readRunning(env), undefined)
  }))

test('clearing leaves the note of another process that lives', () =>
  withStateDir(async (env) => {
    await writeRunning(here, env)
    await clearRunning(process.pid + 1, env)
    assert.deepEqual(await readRunning(env), here)
  }))

test('a damaged note counts as none', () =>
  withStateDir(async (env) => {
    await writeRunning(here, env)
    await writeFile(join(stateDir(env), 'running', `${process.pid}.json`), '{"url":')
    assert.equal(await readRunning(env), undefined)
  }))

test('a command finds its lattice by flag, then environment, then what runs, then the default', () =>
  withStateDir(async (env) => {
    const fallback = { url: 'nats://127.0.0.1:4222', lattice: 'default', from: 'default' }
    assert.deepEqual(await latticeOf({}, env), fallback)
    await writeRunning(here, env)
    assert.deepEqual(await latticeOf({}, env), { url: here.url, lattice: 'mine', from: 'weft up' })
    const named = { ...env, WEFT_NATS_URL: 'nats://env:1', WEFT_LATTICE: 'other' }
    assert.deepEqual(await latticeOf({}, named), {
      url: 'nats://env:1',
      lattice: 'other',
      from: 'environment',
    })
    assert.deepEqual(await latticeOf({ natsUrl: 'nats://flag:1', lattice: 'flagged' }, named), {
      url: 'nats://flag:1',
      lattice: 'flagged',
      from: 'flag',
    })
    assert.deepEqual(await latticeOf({ natsUrl: 'nats://flag:1' }, env), {
      url: 'nats://flag:1',
      lattice: 'default',
      from: 'flag',
    })
  }))

test('of several lattices a command means the one it names, else the default one', () =>
  withStateDir(async (env) => {
    const second = spawn('sleep', ['60'])
    assert.ok(second.pid)
    try {
      await writeRunning({ ...here, lattice: 'two', pid: second.pid }, env)
      await writeRunning({ ...here, lattice: 'default' }, env)
      assert.equal((await latticeOf({}, env)).lattice, 'default')
      assert.equal((await readRunning(env, 'two'))?.pid, second.pid)
      await clearRunning(second.pid, env)
      assert.equal((await readRunning(env))?.lattice, 'default')
    } finally {
      second.kill('SIGKILL')
    }
  }))
