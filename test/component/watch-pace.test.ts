import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { Pace } from '../../src/component/pace.ts'
import { asleep, flag, paceMemory } from '../../src/component/pace-words.ts'
import { watchPace } from '../../src/component/watch-pace.ts'
import { until } from '../support/until.ts'

const timeoutMs = 10_000
const wordsOf = (memory: WebAssembly.Memory) => new Int32Array(memory.buffer)

function flagIsUp(memory: WebAssembly.Memory): Promise<unknown> {
  const words = wordsOf(memory)
  return until(() => Atomics.load(words, flag) === 1, { timeoutMs, what: 'the flag is up' })
}

function watchdogSleeps(memory: WebAssembly.Memory): Promise<unknown> {
  const words = wordsOf(memory)
  return until(() => Atomics.load(words, asleep) === 1, { timeoutMs, what: 'the watchdog sleeps' })
}

function begin(memory: WebAssembly.Memory): Pace {
  const pace = new Pace(memory)
  pace.begin()
  pace.enter()
  return pace
}

test('the watchdog sleeps while no guest runs, and whoever begins first wakes it, again and again', async () => {
  const memories = [paceMemory(), paceMemory()]
  const stop = watchPace(memories)
  try {
    for (const memory of [...memories, ...memories]) {
      for (const one of memories) await watchdogSleeps(one)
      const pace = begin(memory)
      await flagIsUp(memory)
      pace.end()
    }
  } finally {
    stop()
  }
})

test('a guest that runs on keeps the watchdog awake', async (t) => {
  const memory = paceMemory()
  const timers = t.mock.method(globalThis, 'setInterval')
  const stop = watchPace([memory])
  try {
    const pace = begin(memory)
    for (let slice = 0; slice < 100; slice += 1) {
      pace.enter()
      await flagIsUp(memory)
    }
    assert.equal(timers.mock.callCount(), 1)
    pace.end()
  } finally {
    stop()
  }
})

test('who begins while the watchdog goes to sleep is seen', async (t) => {
  const memory = paceMemory()
  const store = Atomics.store.bind(Atomics)
  let begun: Pace | undefined
  t.mock.method(Atomics, 'store', (words: Int32Array, at: number, value: number) => {
    // It looks whether anybody sleeps before that is written.
    if (at === asleep && value === 1 && words.buffer === memory.buffer) begun ??= begin(memory)
    return store(words, at, value)
  })
  const stop = watchPace([memory])
  try {
    await until(() => begun, { timeoutMs, what: 'the watchdog goes to sleep' })
    await flagIsUp(memory)
  } finally {
    stop()
  }
})

test('a watchdog that was stopped in its sleep looks no more, and another one can take its place', async () => {
  const memory = paceMemory()
  const stop = watchPace([memory])
  await watchdogSleeps(memory)
  stop()
  begin(memory)
  await delay(50)
  assert.equal(Atomics.load(wordsOf(memory), flag), 0)
  const stopOther = watchPace([paceMemory(), memory])
  try {
    await flagIsUp(memory)
  } finally {
    stopOther()
  }
})

test('a thread whose guest is stuck at once wakes the watchdog of another thread', async () => {
  const memory = paceMemory()
  const stop = watchPace([memory])
  await watchdogSleeps(memory)
  const of = (file: string) => new URL(`../../src/component/${file}`, import.meta.url).href
  const source = `
    const { memory, pace, words } = require('node:worker_threads').workerData
    Promise.all([import(pace), import(words)]).then(([{ Pace }, { flag }]) => {
      const own = new Pace(memory)
      own.begin()
      own.enter()
      while (Atomics.load(new Int32Array(memory.buffer), flag) === 0);
    })`
  const workerData = { memory, pace: of('pace.ts'), words: of('pace-words.ts') }
  const worker = new Worker(source, { eval: true, workerData })
  try {
    await once(worker, 'exit', { signal: AbortSignal.timeout(timeoutMs) })
  } finally {
    stop()
    await worker.terminate()
  }
})
