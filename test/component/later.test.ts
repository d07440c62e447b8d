import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { callOf, WatProgram } from '../support/wat-instance.ts'

/** A component that imports `call` of this type and whose core module has these `fields`; it exports `run`. */
function component(type: string, fields: string, run = '') {
  return WatProgram.of(`(component
    (import "weft-test:host/api" (instance $host (export "call" (func ${type}))))
    (core func $call (canon lower (func $host "call")))
    (core module $m ${fields})
    (core instance $h (export "call" (func $call)))
    (core instance $i (instantiate $m (with "host" (instance $h))))
    (func (export "run") ${run} (canon lift (core func $i "run"))))`)
}

const host = (call: (...args: never[]) => unknown) => ({ 'weft-test:host/api': { call } })

const twice = `(import "host" "call" (func $call)) (func (export "run") (call $call) (call $call))`

describe('an import that may wait', () => {
  test('answers on the spot when it has nothing to wait for: no other job runs meanwhile', async () => {
    const program = await component('', twice)
    const seen: string[] = []
    const instance = program.instance(
      host(() => {
        seen.push('call')
        queueMicrotask(() => seen.push('job'))
      }),
    )
    await callOf(instance, 'run').exited
    assert.deepEqual(seen, ['call', 'call', 'job', 'job'])
  })

  test('suspends its guest while it waits, time and again', async () => {
    const program = await component('', twice)
    const seen: string[] = []
    const instance = program.instance(
      host(async () => {
        seen.push('call')
        await turn()
        seen.push('answer')
      }),
    )
    await callOf(instance, 'run').exited
    assert.deepEqual(seen, ['call', 'answer', 'call', 'answer'])
  })

  const values: readonly (readonly [type: string, core: string, value: unknown])[] = [
    ['u32', 'i32', 4_000_000_000],
    ['s64', 'i64', -(2n ** 62n)],
    ['f32', 'f32', 1.5],
    ['f64', 'f64', 0.1],
  ]
  for (const [type, core, value] of values) {
    test(`gives a ${type} at once or later, and gets one`, async () => {
      const program = await component(
        `(param "given" ${type}) (result ${type})`,
        `(import "host" "call" (func $call (param ${core}) (result ${core})))
         (func (export "run") (param ${core}) (result ${core}) (call $call (call $call (local.get 0))))`,
        `(param "given" ${type}) (result ${type})`,
      )
      for (const answer of [(one: unknown) => one, (one: unknown) => turn(one)])
        assert.equal(await callOf(program.instance(host(answer)), 'run', { args: [value] }).result, value)
    })
  }

  test('may fail later, with the error of its function', async () => {
    const program = await component('', twice)
    const instance = program.instance(host(() => turn().then(() => Promise.reject(new Error('no store')))))
    await assert.rejects(callOf(instance, 'run').result, /no store/)
  })

  test('is waited for through tables, references and exports of other modules', async () => {
    const program = await WatProgram.of(`(component
      (import "weft-test:host/api" (instance $host (export "call" (func (result u32)))))
      (core func $call (canon lower (func $host "call")))
      (core module $again (import "host" "call" (func $call (result i32))) (export "again" (func $call)))
      (core module $m
        (type $giving (func (result i32)))
        (import "host" "call" (func $call (type $giving)))
        (import "other" "again" (func $again (type $giving)))
        (table $t 2 funcref)
        (elem (table $t) (i32.const 0) func $call $again)
        (elem declare func $call)
        (func (export "run") (result i32)
          (call_indirect $t (type $giving) (i32.const 0))
          (i32.add (call_indirect $t (type $giving) (i32.const 1)))
          (i32.add (call_ref $giving (ref.func $call)))
          (i32.add (call $again))))
      (core instance $h (export "call" (func $call)))
      (core instance $a (instantiate $again (with "host" (instance $h))))
      (core instance $i (instantiate $m (with "host" (instance $h)) (with "other" (instance $a))))
      (func (export "run") (result u32) (canon lift (core func $i "run"))))`)
    let calls = 0
    const instance = program.instance(host(() => (++calls % 2 === 0 ? calls : turn(calls))))
    assert.equal(await callOf(instance, 'run').result, 1 + 2 + 3 + 4)
  })

  test('goes on as the task that it is, also when several waits end together', async () => {
    const program = await WatProgram.of(`(component
      (import "weft-test:host/api" (instance $host (export "call" (func)) (export "who" (func))))
      (core func $call (canon lower (func $host "call")))
      (core func $who (canon lower (func $host "who")))
      (core module $m
        (import "host" "call" (func $call))
        (import "host" "who" (func $who))
        (func (export "run") (call $call) (call $who)))
      (core instance $h (export "call" (func $call)) (export "who" (func $who)))
      (core instance $i (instantiate $m (with "host" (instance $h))))
      (func (export "run") (canon lift (core func $i "run"))))`)
    const gate = Promise.withResolvers<void>()
    const seen: unknown[] = []
    const who = () => void seen.push(instance.current?.owner)
    const instance = program.instance({ 'weft-test:host/api': { call: () => gate.promise, who } })
    const owners = ['first', 'second', 'third']
    const calls = owners.map((owner) => callOf(instance, 'run', { owner }).exited)
    await turn()
    gate.resolve()
    await Promise.all(calls)
    assert.deepEqual(seen, owners)
  })

  test('suspends by itself in a module whose types are not rewritten', async () => {
    const program = await WatProgram.of(`(component
      (import "weft-test:host/api" (instance $host (export "call" (func))))
      (core func $call (canon lower (func $host "call")))
      (core module $odd
        (type $plain (func))
        (type (sub (func)))
        (import "host" "call" (func $call (type $plain)))
        (export "call" (func $call)))
      (core module $m (import "host" "call" (func $call)) (func (export "run") (call $call)))
      (core instance $h (export "call" (func $call)))
      (core instance $o (instantiate $odd (with "host" (instance $h))))
      (core instance $i (instantiate $m (with "host" (instance $o))))
      (func (export "run") (canon lift (core func $i "run"))))`)
    assert.deepEqual(
      program.modules.map(({ info }) => info.callsLater),
      [false, false],
    )
    const seen: string[] = []
    const instance = program.instance(host(() => turn().then(() => seen.push('answer'))))
    await callOf(instance, 'run').exited
    assert.deepEqual(seen, ['answer'])
  })
})

describe('where a guest can not wait', () => {
  const start = `(import "host" "call" (func $call)) (func $start (call $call)) (start $start) (func (export "run"))`

  test('a start function may call an import that answers at once', async () => {
    const program = await component('', start)
    let calls = 0
    const instance = program.instance(host(() => void calls++))
    await callOf(instance, 'run').exited
    assert.equal(calls, 1)
  })

  test('a start function that has to wait traps, with the import and where', async () => {
    const program = await component('', start)
    assert.throws(
      () => program.instance(host(() => turn())),
      /called weft-test:host\/api#call, which must wait, in its start function, which can't/,
    )
  })

  const dropping = `(component
    (import "weft-test:host/api" (instance $host (export "call" (func))))
    (core func $call (canon lower (func $host "call")))
    (core instance $h (export "call" (func $call)))
    (core module $d (import "host" "call" (func $call)) (func (export "drop") (param i32) (call $call)))
    (core instance $d (instantiate $d (with "host" (instance $h))))
    (type $thing (resource (rep i32) (dtor (core func $d "drop"))))
    (core func $new (canon resource.new $thing))
    (core func $drop (canon resource.drop $thing))
    (core module $m
      (import "thing" "new" (func $new (param i32) (result i32)))
      (import "thing" "drop" (func $drop (param i32)))
      (func (export "run") (call $drop (call $new (i32.const 7)))))
    (core instance $t (export "new" (func $new)) (export "drop" (func $drop)))
    (core instance $i (instantiate $m (with "thing" (instance $t))))
    (func (export "run") (canon lift (core func $i "run"))))`

  test('a destructor may call an import that answers at once', async () => {
    let calls = 0
    const instance = (await WatProgram.of(dropping)).instance(host(() => void calls++))
    await callOf(instance, 'run').exited
    assert.equal(calls, 1)
  })

  test('a destructor that has to wait traps, with the import and where', async () => {
    const instance = (await WatProgram.of(dropping)).instance(host(() => turn()))
    await assert.rejects(
      callOf(instance, 'run').result,
      /called weft-test:host\/api#call, which must wait, in a destructor, which can't/,
    )
  })
})
