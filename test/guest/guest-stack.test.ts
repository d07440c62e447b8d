import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { fakeServices, guestCall, openGuests } from '../support/guest.ts'
import { watComponent } from '../support/wat-component.ts'

let guests: Awaited<ReturnType<typeof openGuests>>
before(async () => {
  guests = await openGuests()
})
after(() => guests.close())

/** Names of the functions that a trap of `run` is told with; in the middle it calls whatever `inner` does. */
async function told(inner: string): Promise<readonly (string | undefined)[]> {
  const component = await watComponent(
    guests.compiler,
    `(component
      (import "weft-test:host/api" (instance $host (export "say" (func (param "text" string)))))
      (core module $memory (memory (export "memory") 1))
      (core instance $memory (instantiate $memory))
      (core func $say (canon lower (func $host "say") (memory (core memory $memory "memory"))))
      (core module $m
        (import "host" "say" (func $say (param i32 i32)))
        (func $inner ${inner})
        (func $outer (export "run") (call $inner)))
      (core instance $h (export "say" (func $say)))
      (core instance $i (instantiate $m (with "host" (instance $h))))
      (func (export "run") (canon lift (core func $i "run"))))`,
  )
  const services = fakeServices({ invoke: () => Promise.resolve(undefined) })
  await assert.rejects(component.run(guestCall(component, 'run', []), services), { code: 'trapped' })
  const stack = String(services.lines.at(-1)?.attributes['stack'])
  return stack.split('\n').map((line) => /^at (\S+) \(m:0x[0-9a-f]+\)$/.exec(line)?.[1])
}

describe('the stack of a trap shows the functions of its guest and nothing else', () => {
  test('where the guest itself traps', async () => {
    assert.deepEqual(await told('unreachable'), ['inner', 'outer'])
  })

  test('where an import refuses what it is given', async () => {
    assert.deepEqual(await told('(call $say (i32.const 65530) (i32.const 100))'), ['inner', 'outer'])
  })

  test('after it has waited', async () => {
    const inner = '(call $say (i32.const 0) (i32.const 1)) unreachable'
    assert.deepEqual(await told(inner), ['inner', 'outer'])
  })
})
