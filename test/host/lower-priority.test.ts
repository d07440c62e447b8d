import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { getPriority } from 'node:os'
import { test } from 'node:test'
import { Worker } from 'node:worker_threads'

const module = new URL('../../src/host/lower-priority.ts', import.meta.url).href

test('one thread goes behind the others of its process', { skip: process.platform !== 'linux' }, async () => {
  const worker = new Worker(
    `const { readFileSync } = require('node:fs')
     const { getPriority } = require('node:os')
     const { parentPort } = require('node:worker_threads')
     import(${JSON.stringify(module)}).then(({ lowerPriority }) => {
       lowerPriority()
       parentPort.postMessage(getPriority(parseInt(readFileSync('/proc/thread-self/stat', 'utf8'), 10)))
     })`,
    { eval: true },
  )
  const lowered = await new Promise((resolve, reject) => {
    worker.once('message', resolve)
    worker.once('error', reject)
  })
  const own = getPriority(Number.parseInt(readFileSync('/proc/thread-self/stat', 'utf8'), 10))
  assert.ok(Number(lowered) > own, `${lowered} of the thread, ${own} of others`)
  await worker.terminate()
})
