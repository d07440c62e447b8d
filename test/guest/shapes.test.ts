import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { Call } from '../../src/call/call.ts'
import type { GuestComponent } from '../../src/guest/component.ts'
import { fakeServices, guestCall, openGuests } from '../support/guest.ts'

let guests: Awaited<ReturnType<typeof openGuests>>
let shapes: GuestComponent
before(async () => {
  guests = await openGuests()
  shapes = await guests.load('test/guests/shapes/shapes.wasm')
})
after(() => guests.close())

const allFlags = (isOn: (bit: number) => boolean) =>
  Object.fromEntries(Array.from({ length: 32 }, (_, bit) => [`b${bit}`, isOn(bit)]))
const nine = { a: true, b: false, c: false, d: false, e: false, f: false, g: false, h: false, i: true }

const mixed = [
  { tag: 'nothing' },
  { tag: 'int', val: -2_147_483_648 },
  { tag: 'long', val: -9_223_372_036_854_775_808n },
  { tag: 'single', val: 1.5 },
  { tag: 'double', val: -Math.PI },
  { tag: 'letter', val: '織' },
  { tag: 'text', val: 'weft' },
  { tag: 'pair', val: [0.25, 18_446_744_073_709_551_615n] },
  { tag: 'nested', val: undefined },
  { tag: 'nested', val: { tag: 'ok', val: 255 } },
  { tag: 'nested', val: { tag: 'err', val: '' } },
]

const wide = {
  a: 255,
  b: 2n ** 63n,
  c: 1,
  d: Number.MIN_VALUE,
  e: true,
  f: -32_768,
  g: 'a string',
  h: 7n,
  i: -128,
  j: 4_294_967_295,
  k: ['', 'x'],
  l: '😀',
  m: nine,
  n: mixed[7],
  o: 0.5,
  p: 65_535,
  q: -1n,
}

/** What is passed on and comes back, by function. */
const values: readonly (readonly [string, ...(readonly unknown[])])[] = [
  ['echo-nine', nine],
  ['echo-all', allFlags(() => true)],
  ['echo-all', allFlags((bit) => bit % 3 === 0)],
  ['echo-all', allFlags(() => false)],
  ...mixed.map((one) => ['echo-mixed', one] as const),
  ['echo-mixeds', mixed],
  ['echo-wide', wide],
  ['echo-wides', [wide, { ...wide, h: undefined, n: { tag: 'nothing' } }]],
  ['echo-options', { tag: 'none' }],
  ['echo-options', { tag: 'some', val: { tag: 'none' } }],
  ['echo-options', { tag: 'some', val: { tag: 'some', val: undefined } }],
  ['echo-options', { tag: 'some', val: { tag: 'some', val: 9 } }],
  ['echo-texts', [undefined, '', 'a']],
  ['echo-deep', [[Uint8Array.of(1, 2), Uint8Array.of()], []]],
  [
    'echo-rows',
    [
      [1, 2n, 3, true],
      [255, 2n ** 64n - 1n, 65_535, false],
    ],
  ],
  ['echo-letters', ['a', '\0', '\u{10ffff}', '\ud7ff']],
  ['echo-singles', [Number.NaN, -0, Number.POSITIVE_INFINITY, 1.175_494_350_822_287_5e-38]],
  ['echo-doubles', [Number.NaN, -0, Number.NEGATIVE_INFINITY, Number.MAX_VALUE]],
  ['echo-flags', [allFlags((bit) => bit === 31), allFlags((bit) => bit === 0)]],
  ['echo-plain-result', { tag: 'ok' }],
  ['echo-plain-result', { tag: 'err' }],
  ['echo-either', { tag: 'ok', val: 2n ** 64n - 1n }],
  ['echo-either', { tag: 'err', val: -0.5 }],
  ['echo-fixed', [1, 2, 3, 4_294_967_295]],
  [
    'echo-digests',
    [
      [1, 2, 3, 4, 5],
      [5, 4, 3, 2, 255],
    ],
  ],
  [
    'echo-map',
    [
      ['one', 1],
      ['two', 2],
    ],
  ],
]

/** What the import answers: what it is given. */
function mirror(seen: Call[]) {
  return fakeServices({
    invoke: async (call) => {
      seen.push(call)
      return call.args.length === 1 ? call.args[0] : call.args
    },
  })
}

describe('a value goes into a guest, out to its import, back and out again as it was', () => {
  for (const [name, value] of values) {
    const text = JSON.stringify(value, (_, part) => (typeof part === 'bigint' ? String(part) : part))
    test(`${name} ${text.slice(0, 80)}`, async () => {
      const seen: Call[] = []
      const given = await shapes.run(guestCall(shapes, name, [value]), mirror(seen))
      assert.deepEqual(seen[0]?.args, [value])
      assert.deepEqual(given, value)
    })
  }

  test('as more parameters than go as core values', async () => {
    const args = [1, 2n, 1.5, 2.5, true, 'c', -1, -2, -3, -4n, 5, 6, 'seven', undefined, nine]
    const seen: Call[] = []
    const given = await shapes.run(guestCall(shapes, 'echo-seventeen', args), mirror(seen))
    assert.deepEqual(seen[0]?.args, args)
    assert.deepEqual(given, args)
  })
})

describe('interfaces of several versions at once', () => {
  const show = async (id: string, value: unknown) => {
    const made = guestCall(shapes, 'show', [value])
    const fn = shapes.serves.find((one) => one.id === id)?.functions[0] ?? assert.fail(`serves ${id}`)
    const seen: Call[] = []
    const invoke = async (call: Call) => {
      seen.push(call)
      return id.endsWith('1.0.0') ? `1 ${call.args[0]}` : { tag: 'err', val: 'turned away' }
    }
    const call = { ...made, operation: { interface: id, function: fn } }
    return [await shapes.run(call, fakeServices({ invoke })), seen[0]?.operation.interface]
  }

  test('are each answered, and each called, by their own types', async () => {
    const first = 'weft-test:mirror/mirror@1.0.0'
    const second = 'weft-test:mirror/mirror@2.1.0'
    assert.deepEqual(await show(first, 'me'), ['1 me', first])
    const picture = { text: 'me', turned: true }
    assert.deepEqual(await show(second, picture), [{ tag: 'err', val: 'turned away' }, second])
  })
})
