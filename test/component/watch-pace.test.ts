import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Worker } from 'node:worker_threads'
import { asleep, flag, Pace, paceMemory } from '../../src/component/pace.ts'
import { watchPace } from '../../src/component/watch-pace.ts'
import { until } from '../support/until.ts'

const wordsOf = (memory: WebAssembly.Memory) => new Int32Array(memory.buffer)
const isUp = (words: Int32Array) => () => Atomics.load(words, flag) === 1
const sleeps = (words: Int32Array) => () => Atomics.load(words, asleep) === 1

test('the watchdog sleeps while no guest runs, and whoever begins first wakes it, again and again', async () => {
  const memories = [paceMemory(), paceMemory()]
  const stop = watchPace(memories)
  try {
    for (const memory of [...memories, ...memories]) {
      for (const one of memories)
        await until(sleeps(wordsOf(one)), { timeoutMs: 10_000, what: 'the watchdog sleeps' })
      const pace = new Pace(memory)
      pace.begin()
      pace.enter()
      await until(isUp(wordsOf(memory)), { timeoutMs: 10_000, what: 'the flag is up' })
      pace.end()
    }
  } finally {
    stop()
  }
})

test('a guest that runs on keeps the watchdog awake', async () => {
  const memory = paceMemory()
  const stop = watchPace([memory])
  try {
    const pace = new Pace(memory)
    pace.begin()
    for (let slice = 0; slice < 100; slice += 1) {
      pace.enter()
      await until(isUp(wordsOf(memory)), { timeoutMs: 10_000, what: 'the flag is up' })
    }
    assert.equal(sleeps(wordsOf(memory))(), false)
    pace.end()
  } finally {
    stop()
  }
})

test('a watchdog that was stopped stays so, and nobody waits for it', async () => {
  const memory = paceMemory()
  const stop = watchPace([memory])
  await until(sleeps(wordsOf(memory)), { timeoutMs: 10_000, what: 'the watchdog sleeps' })
  stop()
  const pace = new Pace(memory)
  pace.begin()
  pace.enter()
  const other = watchPace([paceMemory(), memory])
  await until(isUp(wordsOf(memory)), { timeoutMs: 10_000, what: 'another one watches' })
  other()
})

test('a thread that is stuck at once wakes the watchdog of another thread', async () => {
  const memory = paceMemory()
  const stop = watchPace([memory])
  await until(sleeps(wordsOf(memory)), { timeoutMs: 10_000, what: 'the watchdog sleeps' })
  const pace = new URL('../../src/component/pace.ts', import.meta.url).href
  const code = `
    const { workerData: { pace, memory } } = require('node:worker_threads')
    import(pace).then(({ Pace, flag }) => {
      const own = new Pace(memory)
      own.begin()
      own.enter()
      while (Atomics.load(new Int32Array(memory.buffer), flag) === 0);
      own.end()
    })`
  const worker = new Worker(code, { eval: true, workerData: { pace, memory } })
  try {
    const code = await new Promise((resolve) => worker.once('exit', resolve))
    assert.equal(code, 0)
  } finally {
    stop()
    await worker.terminate()
  }
})
