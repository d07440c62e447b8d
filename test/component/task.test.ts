import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Task } from '../../src/component/task.ts'

const newTask = () => new Task('handle', { owner: undefined, deadline: Date.now() + 60_000 })

test('a task that is failed is over, though its guest never comes back', async () => {
  const task = newTask()
  const over = new Error('over')
  task.fail(over)
  await assert.rejects(task.exited, over)
  await assert.rejects(task.result, over)
  assert.deepEqual(task.life.over, { reason: over })
})

test('a task whose guest has given its result goes on until its last instruction', async () => {
  const task = newTask()
  task.resolve(1)
  assert.equal(await task.result, 1)
  task.exit()
  await task.exited
})
