import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import type { Instance } from '../../src/component/instance.ts'
import { callOf, WatProgram } from '../support/wat-instance.ts'

const host = 'weft-test:host/api'

/** Leaves something wherever it can; `look` counts what is not zero in all its memory, data of its own included. */
const program = WatProgram.of(`(component
  (import "${host}" (instance $host (export "call" (func))))
  (core func $call (canon lower (func $host "call")))
  (core module $m (import "host" "call" (func $call))
    (memory 200)
    (global $calls (mut i32) (i32.const 0))
    (data (i32.const 16) "it begins with this") (data (i32.const 70000) "and with that")
    (func (export "look") (result i32) (local $at i32) (local $found i32)
      (loop $next
        (if (i64.ne (i64.load (local.get $at)) (i64.const 0))
          (then (local.set $found (i32.add (local.get $found) (i32.const 1)))))
        (local.set $at (i32.add (local.get $at) (i32.const 8)))
        (br_if $next (i32.lt_u (local.get $at) (i32.mul (memory.size) (i32.const 65536)))))
      (local.get $found))
    (func (export "size") (result i32) (memory.size))
    (func (export "calls") (result i32)
      (global.set $calls (i32.add (global.get $calls) (i32.const 1))) (global.get $calls))
    (func $leave
      (drop (memory.grow (i32.const 5)))
      (i64.store (i32.const 8189) (i64.const -1))
      (i32.store8 (i32.const 300000) (i32.const 7))
      (i64.store (i32.const 70000) (i64.const 9))
      (memory.fill (i32.const 400000) (i32.const 7) (i32.const 9000))
      (memory.copy (i32.const 600000) (i32.const 0) (i32.const 100))
      (f64.store (i32.const 13434872) (f64.const 7)))
    (func (export "leave") (call $leave))
    (func (export "trap") (call $leave) unreachable)
    (func (export "wait") (call $leave) (call $call) (call $leave))
    (func $deep (export "recurse") (param $page i32) ${manyLocals(60)}
      (memory.fill (i32.add (i32.mul (local.get $page) (i32.const 4096)) (i32.const 100)) (i32.const 7) (i32.const 1))
      (call $deep (i32.add (local.get $page) (i32.const 1)))))
  (core instance $h (export "call" (func $call)))
  (core instance $i (instantiate $m (with "host" (instance $h))))
  ${['look', 'size', 'calls'].map((name) => lifted(name, '(result u32)')).join('\n')}
  ${['leave', 'trap', 'wait'].map((name) => lifted(name)).join('\n')}
  ${lifted('recurse', '(param "page" u32)')})`)

function lifted(name: string, type = ''): string {
  return `(func (export "${name}") ${type} (canon lift (core func $i "${name}")))`
}

/** Frames so large that the stack ends before the memory does. */
function manyLocals(count: number): string {
  return `(local ${'i64 '.repeat(count)})`
}

/** What a guest sees of its memory, globals and data. */
async function seen(instance: Instance): Promise<readonly unknown[]> {
  return [
    await callOf(instance, 'size').result,
    await callOf(instance, 'look').result,
    await callOf(instance, 'calls').result,
  ]
}

function isZero(instance: Instance): boolean {
  const memories = instance.retire()
  assert.ok(memories)
  return memories.every(({ memory }) => Buffer.from(memory.buffer).every((byte) => byte === 0))
}

describe('the memories of an instance that is gone', () => {
  test('are all zero, whatever it wrote and however it ended', async () => {
    const made = await program
    assert.ok(isZero(made.instance()))
    for (const name of ['leave', 'trap', 'recurse']) {
      const instance = made.instance()
      const { exited } = callOf(instance, name, { args: name === 'recurse' ? [0] : [] })
      if (name === 'leave') await exited
      else await assert.rejects(exited, name === 'trap' ? /unreachable/ : /call stack/)
      assert.ok(isZero(instance), `after ${name}`)
    }
  })

  test('show the next instance nothing: neither bytes nor their number', async () => {
    const made = await program
    const fresh = await seen(made.instance())
    let memories: ReturnType<Instance['retire']>
    for (const end of ['leave', 'trap', 'leave']) {
      const instance = made.instance({}, memories)
      assert.deepEqual(await seen(instance), fresh)
      await callOf(instance, end).exited.catch(() => {})
      memories = instance.retire()
      assert.ok(memories)
    }
  })

  test('can be reset to how they began', async () => {
    const made = await program
    const first = made.instance()
    const image = first.takeImage()
    await callOf(first, 'leave').exited
    const second = made.instance({}, first.retire())
    const fresh = await seen(made.instance())
    await callOf(second, 'leave').exited
    second.reset(image)
    assert.deepEqual(await seen(second), fresh)
  })

  test('are not given while a guest may come back to them, and once', async () => {
    const made = await program
    const { promise } = Promise.withResolvers<void>()
    const instance = made.instance({ [host]: { call: () => promise } })
    const call = callOf(instance, 'wait').exited
    await turn()
    assert.equal(instance.retire(), undefined)
    await assert.rejects(call, /gone/)
    await turn()
    assert.ok(isZero(instance))
    assert.equal(instance.retire(), undefined)
    await assert.rejects(async () => callOf(instance, 'leave').exited, /gone/)
  })

  test('are not given while a read that the guest began is under way', async () => {
    const instance = (await reading).instance()
    await callOf(instance, 'run').exited
    assert.equal(instance.retire(), undefined)
  })

  test('are not given while a call that the guest did not wait for is under way', async () => {
    const answer = Promise.withResolvers<number>()
    const instance = (await calling).instance({ [host]: { call: () => answer.promise } })
    await callOf(instance, 'run').exited
    assert.equal(instance.retire(), undefined)
  })
})

describe('an instance that is reset', () => {
  test('hears no more of a call that it did not wait for', async () => {
    const answer = Promise.withResolvers<number>()
    const instance = (await calling).instance({ [host]: { call: () => answer.promise } })
    const image = instance.takeImage()
    await callOf(instance, 'run').exited
    instance.reset(image)
    answer.resolve(7)
    await turn()
    assert.equal(await callOf(instance, 'look').result, 0)
  })
})

const memory = `(core module $with (memory (export "m") 1))
  (core instance $memory (instantiate $with)) (alias core export $memory "m" (core memory $m))`

/** Ends with a read under way. */
const reading = WatProgram.of(`(component ${memory}
  (type $s (stream u8))
  (core func $new (canon stream.new $s))
  (core func $read (canon stream.read $s async (memory $m)))
  (core module $main
    (import "s" "new" (func $new (result i64))) (import "s" "read" (func $read (param i32 i32 i32) (result i32)))
    (func (export "run") (drop (call $read (i32.wrap_i64 (call $new)) (i32.const 0) (i32.const 8)))))
  (core instance $s (export "new" (func $new)) (export "read" (func $read)))
  (core instance $i (instantiate $main (with "s" (instance $s))))
  ${lifted('run')})`)

/** Ends with a call under way, whose result is to be put at 64; `look` is what lies there. */
const calling = WatProgram.of(`(component ${memory}
  (import "${host}" (instance $host (export "call" (func (result u32)))))
  (core func $call (canon lower (func $host "call") async (memory $m)))
  (core module $main
    (import "h" "call" (func $call (param i32) (result i32))) (import "h" "m" (memory 1))
    (func (export "run") (drop (call $call (i32.const 64))))
    (func (export "look") (result i32) (i32.load (i32.const 64))))
  (core instance $h (export "call" (func $call)) (export "m" (memory $m)))
  (core instance $i (instantiate $main (with "h" (instance $h))))
  ${lifted('run')} ${lifted('look', '(result u32)')})`)
