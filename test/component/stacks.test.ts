import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { parse } from '@bytecodealliance/jco'
import type { CoreValue } from '../../src/component/abi.ts'
import { jspi } from '../../src/component/jspi.ts'
import type { CoreSignature } from '../../src/component/stack-module.ts'
import { Stacks } from '../../src/component/stacks.ts'
import { callOf, WatProgram } from '../support/wat-instance.ts'

/** Function `f` of a core module that may import `host.call`, which suspends. */
async function guest(text: string, call: (...args: never[]) => unknown = () => turn()): Promise<unknown> {
  const module = new WebAssembly.Module((await parse(`(module ${text})`)) as BufferSource)
  const suspending = new jspi.Suspending(call) as WebAssembly.ImportValue
  return new WebAssembly.Instance(module, { host: { call: suspending } }).exports['f']
}

const waiting = '(import "host" "call" (func $call)) (func (export "f") (call $call))'
const nothing: CoreSignature = { params: [] }
const go = (fn: unknown, args: readonly CoreValue[] = [], enter = () => {}) => ({ fn, args, enter })

describe('a guest runs on a stack that lasts', () => {
  test('a stack takes one call after the other, of whichever guest', async () => {
    const stacks = new Stacks()
    const run = stacks.of(nothing)
    for (let round = 0; round < 5; round++) {
      await run(go(await guest(waiting)))
      assert.equal(stacks.idle, 1)
    }
  })

  test('as many as are suspended at once have stacks, which stay for the next ones', async () => {
    const stacks = new Stacks()
    const run = stacks.of(nothing)
    for (let round = 0; round < 3; round++) {
      const gate = Promise.withResolvers<void>()
      const fn = await guest(waiting, () => gate.promise)
      const calls = Array.from({ length: 64 }, () => run(go(fn)))
      await turn()
      assert.equal(stacks.idle, 0)
      gate.resolve()
      await Promise.all(calls)
      assert.equal(stacks.idle, 64)
    }
  })

  test('of very many, 256 stay', async () => {
    const stacks = new Stacks()
    const fn = await guest(waiting)
    await Promise.all(Array.from({ length: 300 }, () => stacks.of(nothing)(go(fn))))
    assert.equal(stacks.idle, 256)
  })

  test('those that were not needed for ten seconds are let go', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] })
    const stacks = new Stacks()
    const run = stacks.of(nothing)
    const fn = await guest(waiting)
    const calls = async (length: number) =>
      void (await Promise.all(Array.from({ length }, () => run(go(fn)))))
    await calls(8)
    t.mock.timers.tick(10_000)
    assert.equal(stacks.idle, 8)
    await calls(3)
    t.mock.timers.tick(10_000)
    assert.equal(stacks.idle, 3)
    t.mock.timers.tick(10_000)
    assert.equal(stacks.idle, 0)
    await calls(2)
    assert.equal(stacks.idle, 2)
  })

  test('arguments and result of each core type reach it', async () => {
    const run = new Stacks().of({ params: ['i64', 'i32', 'f32', 'f64', 'i32'], result: 'f64' })
    const fn = await guest(`(func (export "f") (param i64 i32 f32 f64 i32) (result f64)
      (f64.convert_i64_s (local.get 0)) (f64.add (f64.convert_i32_u (local.get 1)))
      (f64.add (f64.promote_f32 (local.get 2))) (f64.add (local.get 3)) (f64.add (f64.convert_i32_s (local.get 4))))`)
    for (const first of [2n ** 40n, -1n])
      assert.equal(await run(go(fn, [first, 4_000_000_000, 0.5, 0.25, -7])), Number(first) + 3_999_999_993.75)
  })

  test('the task is entered on the stack, after all that ran before it', async () => {
    const stacks = new Stacks()
    const run = stacks.of(nothing)
    const seen: string[] = []
    const fn = await guest(waiting, () => void seen.push('function'))
    await run(go(fn))
    seen.length = 0
    queueMicrotask(() => seen.push('another job'))
    const called = run(go(fn, [], () => seen.push('entered')))
    await called
    assert.deepEqual(seen, ['another job', 'entered', 'function'])
  })

  test('a task that can not be entered any more does not run', async () => {
    const stacks = new Stacks()
    const run = stacks.of(nothing)
    const fn = await guest(waiting, () => assert.fail('it ran'))
    const refuse = () => {
      throw new Error('the instance has failed')
    }
    for (let round = 0; round < 2; round++) await assert.rejects(run(go(fn, [], refuse)), /has failed/)
  })

  test('a trap takes its stack with it, and no other', async () => {
    const stacks = new Stacks()
    const run = stacks.of(nothing)
    const fn = await guest(waiting)
    await Promise.all([run(go(fn)), run(go(fn))])
    const other = run(go(fn))
    await assert.rejects(run(go(await guest('(func (export "f") unreachable)'))), /unreachable/)
    await other
    assert.equal(stacks.idle, 1)
    await Promise.all([run(go(fn)), run(go(fn))])
    assert.equal(stacks.idle, 2)
  })

  test('a function of another type than it was said to have is refused', async () => {
    const fn = await guest('(func (export "f") (result i64) (i64.const 1))')
    await assert.rejects(new Stacks().of({ params: [], result: 'i32' })(go(fn)), TypeError)
  })
})

describe('instances', () => {
  const program = WatProgram.of(`(component
    (import "weft-test:host/api" (instance $host (export "call" (func (param "depth" u32)))))
    (core func $call (canon lower (func $host "call")))
    (core module $m (import "host" "call" (func $call (param i32)))
      (func (export "run") (param i32) (call $call (local.get 0))))
    (core instance $h (export "call" (func $call)))
    (core instance $i (instantiate $m (with "host" (instance $h))))
    (func (export "run") (param "depth" u32) (canon lift (core func $i "run"))))`)

  test('call each other, each on a stack of its own', async () => {
    const made = await program
    const run = (depth: number): Promise<void> => {
      const call = async (left: number) => {
        await turn()
        if (left > 0) await run(left - 1)
      }
      return callOf(made.instance({ 'weft-test:host/api': { call } }), 'run', { args: [depth] }).exited
    }
    await run(20)
    assert.equal(made.pace.stacks.idle, 21)
  })

  test('that fail while they wait give their stacks back, whatever they wait for', async () => {
    const made = await program
    const instances = Array.from({ length: 100 }, () =>
      made.instance({ 'weft-test:host/api': { call: () => new Promise(() => {}) } }),
    )
    const calls = instances.map((instance) => callOf(instance, 'run', { args: [0] }).exited)
    await turn()
    for (const instance of instances) instance.fail(new Error('it took too long'))
    for (const call of calls) await assert.rejects(call, /took too long/)
    await turn()
    assert.ok(instances.every(({ isIdle }) => isIdle))
  })

  test('leave nothing mapped behind when they go', { skip: process.platform !== 'linux' }, async () => {
    const made = await program
    const mapped = () => readFileSync('/proc/self/maps', 'utf8').split('\n').length
    const rounds = async (count: number) => {
      for (let round = 0; round < count; round++) {
        const imports = { 'weft-test:host/api': { call: () => turn() } }
        const calls = Array.from(
          { length: 50 },
          () => callOf(made.instance(imports), 'run', { args: [0] }).exited,
        )
        await Promise.all(calls)
      }
    }
    await rounds(20)
    const before = mapped()
    await rounds(400)
    // Each would leave one at least; V8's own come and go by the hundred.
    assert.ok(mapped() < before + 2000, `${mapped()} mappings after 20 000 instances, ${before} before`)
  })
})
