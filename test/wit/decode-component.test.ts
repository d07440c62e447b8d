import assert from 'node:assert/strict'
import { test } from 'node:test'
import { WeftError } from '../../src/errors.ts'
import { decodeWorld } from '../../src/wit/decode-component.ts'
import type { WitFunction } from '../../src/wit/type.ts'
import { guestBytes } from '../support/guest.ts'

async function exported(path: string, id: string): Promise<readonly WitFunction[]> {
  const { exports } = decodeWorld(await guestBytes(path))
  return exports.find((one) => one.id === id)?.functions ?? []
}

test('imports and exports are read with their versions', async () => {
  const world = decodeWorld(await guestBytes('test/guests/kv-p2/kv-p2.wasm'))
  const ids = world.imports.map((one) => one.id)
  for (const id of ['wasi:keyvalue/store@0.2.0-draft', 'wasi:logging/logging', 'wasi:http/types@0.2.12']) {
    assert.ok(ids.includes(id), id)
  }
  assert.deepEqual(
    world.exports.map((one) => one.id),
    ['wasi:http/incoming-handler@0.2.12'],
  )
})

test('types come with names, cases and nesting', async () => {
  const functions = await exported('test/guests/calc/calc.wasm', 'weft-test:calc/api@0.1.0')
  const typeOf = (name: string) => functions.find((fn) => fn.name === name)?.result
  const point = {
    kind: 'record',
    fields: [
      { name: 'x', type: { kind: 's32' } },
      { name: 'y', type: { kind: 's32' } },
    ],
  }
  assert.deepEqual(typeOf('echo-shape'), {
    kind: 'variant',
    cases: [
      { name: 'dot' },
      { name: 'circle', type: { kind: 'f64' } },
      { name: 'box', type: { kind: 'tuple', elements: [{ kind: 'u32' }, { kind: 'u32' }] } },
      { name: 'polygon', type: { kind: 'list', element: point } },
    ],
  })
  assert.deepEqual(typeOf('echo-rights'), { kind: 'flags', names: ['read', 'write', 'execute'] })
  assert.deepEqual(typeOf('echo-option-option'), {
    kind: 'option',
    element: { kind: 'option', element: { kind: 'u32' } },
  })
  assert.equal(typeOf('nothing'), undefined)
})

test('async functions, streams and futures of WASI 0.3 are known', async () => {
  const [handle] = await exported('manifests/hello/hello.wasm', 'wasi:http/handler@0.3.0')
  assert.equal(handle?.async, true)
  const world = decodeWorld(await guestBytes('manifests/hello/hello.wasm'))
  const types = world.imports.find((one) => one.id === 'wasi:http/types@0.3.0')
  const consume = types?.functions.find((fn) => fn.name === '[static]request.consume-body')
  assert.equal(consume?.result?.kind === 'tuple' && consume.result.elements[0]?.kind, 'stream')
})

test('functions of the world itself stand in an interface without a name', async () => {
  const [ask] = await exported('test/guests/needs-unknown/needs-unknown.wasm', '')
  assert.equal(ask?.name, 'ask')
})

test('a component that is cut off anywhere is an error or a smaller world, never a hang or another exception', async () => {
  const bytes = await guestBytes('test/guests/calc/calc.wasm')
  for (let end = 0; end < bytes.length; end += 7) {
    try {
      decodeWorld(bytes.subarray(0, end))
    } catch (error) {
      assert.ok(error instanceof WeftError || error instanceof TypeError, String(error))
    }
  }
})

test('bytes that were changed at random never hang or exhaust memory', async () => {
  const bytes = await guestBytes('test/guests/needs-unknown/needs-unknown.wasm')
  let seed = 42
  const random = (below: number) => {
    seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648
    return seed % below
  }
  for (let round = 0; round < 2_000; round++) {
    const changed = Uint8Array.from(bytes)
    for (let change = 0; change < 4; change++) changed[8 + random(bytes.length - 8)] = random(256)
    try {
      decodeWorld(changed)
    } catch (error) {
      assert.ok(error instanceof Error)
    }
  }
})

/** A component that defines these types, and nothing else. */
function definingTypes(...types: readonly (readonly number[])[]): Uint8Array {
  const content = [...leb(types.length), ...types.flat()]
  return Uint8Array.from([
    0x00,
    0x61,
    0x73,
    0x6d,
    0x0d,
    0x00,
    0x01,
    0x00,
    7,
    ...leb(content.length),
    ...content,
  ])
}

function leb(value: number): number[] {
  return value < 128 ? [value] : [(value & 127) | 128, ...leb(value >> 7)]
}

/** An index where a type may stand: signed. */
function index(value: number): number[] {
  return value < 64 ? [value] : [(value & 127) | 128, ...index(value >> 7)]
}

const u8 = 125
const tupleOf = (...types: readonly number[]) => [0x6f, types.length, ...types]

test('flags have at most 32 names', () => {
  const names = Array.from({ length: 33 }, (_, bit) => [2, 0x61 + (bit >> 4), 0x61 + (bit & 15)])
  const flags = (count: number) => [0x6e, count, ...names.slice(0, count).flat()]
  assert.doesNotThrow(() => decodeWorld(definingTypes(flags(32))))
  assert.throws(() => decodeWorld(definingTypes(flags(33))), {
    code: 'invalid',
    message: /flags have 33 names, expected 32 or fewer/,
  })
})

test('types that double with each definition are refused before they fill memory', () => {
  const types = [tupleOf(u8), ...Array.from({ length: 40 }, (_, level) => tupleOf(level, level))]
  assert.throws(() => decodeWorld(definingTypes(...types)), {
    code: 'invalid',
    message: /a type has more than 1000000 parts/,
  })
})

test('types that stand within each other too deeply are refused', () => {
  const types = [tupleOf(u8), ...Array.from({ length: 100 }, (_, level) => [0x6b, ...index(level)])]
  assert.throws(() => decodeWorld(definingTypes(...types)), { code: 'invalid', message: /deeper than 100/ })
})

test('a list of fixed length is a tuple, a map a list of pairs', () => {
  assert.doesNotThrow(() => decodeWorld(definingTypes([0x67, u8, 4], [0x63, 115, u8])))
  assert.throws(() => decodeWorld(definingTypes([0x67, u8, 0])), {
    code: 'invalid',
    message: /expected a length from 1 to 4096, got 0/,
  })
})
