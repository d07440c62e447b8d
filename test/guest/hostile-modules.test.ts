import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { parse } from '@bytecodealliance/jco'
import type { ComponentLimits } from '../../src/component-settings.ts'
import { GuestComponent } from '../../src/guest/component.ts'
import { fakeServices, guestCall, openGuests } from '../support/guest.ts'
import { watComponent } from '../support/wat-component.ts'

let guests: Awaited<ReturnType<typeof openGuests>>
before(async () => {
  guests = await openGuests()
})
after(() => guests.close())

/** A component of one core module, whose function `run` it exports. */
async function componentOf(module: string, limits: ComponentLimits = {}): Promise<GuestComponent> {
  const bytes = await parse(`(component
    (core module $m ${module})
    (core instance $i (instantiate $m))
    (func (export "run") (canon lift (core func $i "run"))))`)
  const { path } = await guests.compiler.compile(bytes, 'hostile.wasm')
  return GuestComponent.load(path, { settings: { limits } })
}

const run = (component: GuestComponent) => component.run(guestCall(component, 'run', []), fakeServices())

describe('a core module that could not be kept within bounds is refused', () => {
  const modules: Readonly<Record<string, string>> = {
    'a second memory': '(memory 1) (memory 1)',
    'a memory that threads share': '(memory 1 1 shared)',
    'a 64-bit memory': '(memory i64 1)',
    'a 64-bit table': '(table i64 1 funcref)',
    'atomic instructions': '(memory 1) (func (drop (i32.atomic.load (i32.const 0))))',
    'objects that a collector frees': '(type (struct)) (func (drop (struct.new 0)))',
  }
  for (const [what, parts] of Object.entries(modules)) {
    test(what, async () => {
      const component = componentOf(`${parts} (func (export "run") (loop (br 0)))`)
      await assert.rejects(component, {
        code: 'invalid',
        message: /hostile\.wasm is not a valid component: core module 0 can't be kept within its limits: /,
      })
    })
  }
})

describe('the limit of memory', () => {
  test('holds for what a component begins with', async () => {
    const component = await componentOf('(memory 100) (func (export "run"))', { memoryBytes: 6_000_000 })
    await assert.rejects(run(component), {
      code: 'exhausted',
      limit: 'memory',
      message: /begins with 6553600 bytes of memory, its limit is 6000000/,
    })
  })

  test('holds for a module that has memory and no code', async () => {
    const bytes = await parse(`(component
      (core module $memory (memory (export "memory") 1))
      (core module $m
        (import "env" "memory" (memory 1))
        (func (export "run") (result i32) (memory.grow (i32.const 20))))
      (core instance $e (instantiate $memory))
      (core instance $i (instantiate $m (with "env" (instance $e))))
      (func (export "run") (result s32) (canon lift (core func $i "run"))))`)
    const { path } = await guests.compiler.compile(bytes, 'two.wasm')
    const grow = async (memoryBytes: number) => {
      const component = await GuestComponent.load(path, { settings: { limits: { memoryBytes } } })
      const given = [await run(component), await run(component)]
      return [...given, component.ready]
    }
    assert.deepEqual(await grow(2_000_000), [1, 1, 1])
    assert.deepEqual(await grow(1_000_000), [-1, -1, 1])
  })

  test('is one for all memories of a component: what one leaves another may take', async () => {
    const memory = (name: string) => `(core module $${name}
      (memory (export "memory") 1)
      (func (export "run") (param i32) (result i32) (memory.grow (local.get 0))))
      (core instance $i-${name} (instantiate $${name}))
      (func (export "${name}") (param "by" u32) (result s32) (canon lift (core func $i-${name} "run")))`
    const pages = 10
    const component = await watComponent(guests.compiler, `(component ${memory('one')} ${memory('two')})`, {
      settings: { limits: { memoryBytes: pages * 65_536 }, reuse: { invocations: 4 } },
    })
    const grow = (name: string, by: number) => component.run(guestCall(component, name, [by]), fakeServices())
    assert.equal(await grow('one', 7), 1)
    assert.equal(await grow('two', 2), -1)
    assert.equal(await grow('two', 1), 1)
    assert.equal(await grow('one', 1), -1)
    // A fresh instance.
    assert.equal(await grow('two', 8), 1)
  })

  test('holds for components that one component makes several instances of', async () => {
    const instances = Array.from({ length: 5 }, (_, index) => `(instance $i${index} (instantiate $c))`)
    const component = await watComponent(
      guests.compiler,
      `(component
        (component $c
          (core module $m (memory 10) (func (export "run")))
          (core instance $i (instantiate $m))
          (func (export "run") (canon lift (core func $i "run"))))
        ${instances.join('\n')}
        (export "run" (func $i0 "run")))`,
      { settings: { limits: { memoryBytes: 45 * 65_536 } } },
    )
    await assert.rejects(run(component), { code: 'exhausted', limit: 'memory' })
  })

  test('is what a reset instance begins anew with', async () => {
    const component = await componentOf(
      '(memory 1) (func (export "run") (if (i32.eq (memory.grow (i32.const 5)) (i32.const -1)) (then unreachable)))',
      { memoryBytes: 6 * 65_536 },
    )
    for (let time = 0; time < 5; time++) await run(component)
    assert.equal(component.ready, 1)
  })
})
