import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { GuestComponent } from '../../src/guest/component.ts'
import { fakeServices, guestCall, openGuests } from '../support/guest.ts'
import { watComponent } from '../support/wat-component.ts'

let guests: Awaited<ReturnType<typeof openGuests>>
before(async () => {
  guests = await openGuests()
})
after(() => guests.close())

const run = (component: GuestComponent, ...args: readonly unknown[]) =>
  component.run(guestCall(component, 'run', args), fakeServices())

/** A component whose `run` gives the core value `value` as `type`; `data` stands in memory at 64. */
function giving({ type, value, data = '' }: { type: string; value: string; data?: string }) {
  const core = value.startsWith('(i64') ? 'i64' : 'i32'
  return watComponent(
    guests.compiler,
    `(component
      (core module $m
        (memory (export "memory") 1)
        (data (i32.const 64) "${data}")
        (func (export "run") (result ${core}) ${value}))
      (core instance $i (instantiate $m))
      (type $t ${type})
      (export $e "t" (type $t))
      (func (export "run") (result $e)
        (canon lift (core func $i "run") (memory (core memory $i "memory")))))`,
  )
}

const at = (pointer: number) => `(i32.const ${pointer})`
/** A pointer and a length, little-endian, as data. */
const range = (pointer: number, length: number) => {
  const bytes = Buffer.alloc(8)
  bytes.writeUInt32LE(pointer, 0)
  bytes.writeUInt32LE(length, 4)
  return [...bytes].map((byte) => `\\${byte.toString(16).padStart(2, '0')}`).join('')
}

describe('a value that a guest gives wrong is a trap that says what', () => {
  const wrong: readonly (readonly [string, Parameters<typeof giving>[0], RegExp])[] = [
    ['a surrogate as a char', { type: 'char', value: at(0xd800) }, /the guest gave 0xd800 as a char/],
    ['a char beyond Unicode', { type: 'char', value: at(0x110000) }, /0x110000 as a char/],
    ['an enum case too many', { type: '(enum "a" "b")', value: at(2) }, /case 2 of 2/],
    [
      'a variant case too many',
      { type: '(variant (case "a" u32) (case "b"))', value: at(64), data: '\\07' },
      /case 7 of 2/,
    ],
    [
      'a string that leads out of memory',
      { type: 'string', value: at(64), data: range(65_530, 7) },
      /a pointer leads out of memory/,
    ],
    [
      'a string that is not UTF-8',
      { type: 'string', value: at(64), data: `${range(72, 2)}\\ff\\fe` },
      /a string that is not UTF-8/,
    ],
    [
      'a list that is not aligned',
      { type: '(list u32)', value: at(64), data: range(66, 1) },
      /not aligned to 4/,
    ],
    [
      'a list longer than memory',
      { type: '(list u64)', value: at(64), data: range(0, 0xffff_ffff) },
      /leads out of memory/,
    ],
    [
      'a list of nothing that is longer than memory',
      { type: '(list (tuple (enum "only")))', value: at(64), data: range(0, 0xffff_ffff) },
      /leads out of memory/,
    ],
    ['a result that is not aligned', { type: '(tuple u32 u32)', value: at(66) }, /not aligned to 4/],
    ['a result out of memory', { type: '(tuple u32 u32)', value: at(65_532) }, /leads out of memory/],
  ]
  for (const [what, given, message] of wrong) {
    test(what, async () => {
      await assert.rejects(run(await giving(given)), { code: 'trapped', message })
    })
  }
})

describe('core values hold more than the type that they are lifted to', () => {
  const right: readonly (readonly [string, string, string, unknown])[] = [
    ['any bit is true', 'bool', at(2), true],
    ['u8 has 8 of them', 'u8', at(0x1ff), 255],
    ['s8 has 8 of them', 's8', at(0x180), -128],
    ['u16 has 16 of them', 'u16', at(-1), 65_535],
    ['u32 is not negative', 'u32', at(-1), 4_294_967_295],
    ['u64 is not negative', 'u64', '(i64.const -1)', 2n ** 64n - 1n],
    ['flags have as many as names', '(flags "a" "b")', at(0xfe), { a: false, b: true }],
  ]
  for (const [what, type, value, expected] of right) {
    test(`${type}: ${what}`, async () => {
      assert.deepEqual(await run(await giving({ type, value })), expected)
    })
  }
})

/** A component whose `run` takes a string; `realloc` is the body of its function for room, `after` that of post-return. */
function taking({ realloc, after = '' }: { realloc: string; after?: string }) {
  return watComponent(
    guests.compiler,
    `(component
      (import "weft-test:host/api" (instance $host (export "call" (func))))
      (core func $call (canon lower (func $host "call")))
      (core module $m
        (import "host" "call" (func $call))
        (memory (export "memory") 1)
        (func (export "realloc") (param i32 i32 i32 i32) (result i32) ${realloc})
        (func (export "run") (param i32 i32) (result i32) (local.get 1))
        (func (export "after") (param i32) ${after}))
      (core instance $h (export "call" (func $call)))
      (core instance $i (instantiate $m (with "host" (instance $h))))
      (func (export "run") (param "text" string) (result u32)
        (canon lift (core func $i "run") (memory (core memory $i "memory"))
          (realloc (core func $i "realloc")) (post-return (core func $i "after")))))`,
    { settings: { limits: { timeMs: 300 } } },
  )
}

describe('a guest that gives room for what it is given', () => {
  test('takes it there', async () => {
    assert.equal(await run(await taking({ realloc: at(128) }), 'weft'), 4)
  })

  const wrong: readonly (readonly [string, { realloc: string; after?: string }, RegExp])[] = [
    [
      'may not give room out of memory',
      { realloc: at(65_534) },
      /realloc gave a pointer that leads out of memory/,
    ],
    [
      'may not call out meanwhile',
      { realloc: `(call $call) ${at(128)}` },
      /called weft-test:host\/api#call in its realloc or post-return function/,
    ],
    [
      'may not call out after it returned',
      { realloc: at(128), after: '(call $call)' },
      /called weft-test:host\/api#call in its realloc or post-return function/,
    ],
    ['may trap', { realloc: 'unreachable' }, /unreachable/],
  ]
  for (const [what, parts, message] of wrong) {
    test(what, async () => {
      await assert.rejects(run(await taking(parts), 'weft'), { code: 'trapped', message })
    })
  }
})

test('a string of unpaired surrogates is given to a guest as Unicode', async () => {
  assert.equal(await run(await taking({ realloc: at(128) }), '\ud800'), 3)
})

test('a start function that calls an import which may wait traps, and says so', async () => {
  const component = await watComponent(
    guests.compiler,
    `(component
      (import "weft-test:host/api" (instance $host (export "call" (func))))
      (core func $call (canon lower (func $host "call")))
      (core module $m (import "host" "call" (func $call)) (start $call) (func (export "run")))
      (core instance $h (export "call" (func $call)))
      (core instance $i (instantiate $m (with "host" (instance $h))))
      (func (export "run") (canon lift (core func $i "run"))))`,
  )
  await assert.rejects(run(component), {
    code: 'trapped',
    message: /called weft-test:host\/api#call, which must wait, in its start function, which can't/,
  })
})
