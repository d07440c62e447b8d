import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { jsonFromValue } from '../../src/wit/json-from-value.ts'
import type { WitType } from '../../src/wit/type.ts'
import { valueFromJson } from '../../src/wit/value-from-json.ts'

const u8: WitType = { kind: 'u8' }
const text: WitType = { kind: 'string' }
const point: WitType = {
  kind: 'record',
  fields: [
    { name: 'x-axis', type: { kind: 's32' } },
    { name: 'label', type: { kind: 'option', element: text } },
  ],
}
const shape: WitType = {
  kind: 'variant',
  cases: [{ name: 'none' }, { name: 'circle', type: { kind: 'f64' } }],
}

describe('JSON becomes a value of its WIT type, and the same JSON again', () => {
  const pairs: readonly (readonly [WitType, unknown, unknown])[] = [
    [{ kind: 'bool' }, true, true],
    [{ kind: 'char' }, '😀', '😀'],
    [{ kind: 'f64' }, 1.5, 1.5],
    [{ kind: 's8' }, -128, -128],
    [{ kind: 'u64' }, 7, 7n],
    [{ kind: 'u64' }, '18446744073709551615', 18_446_744_073_709_551_615n],
    [{ kind: 'list', element: u8 }, 'base64:AQI=', Uint8Array.of(1, 2)],
    [{ kind: 'list', element: text }, ['a', 'b'], ['a', 'b']],
    [{ kind: 'tuple', elements: [u8, text] }, [1, 'x'], [1, 'x']],
    [{ kind: 'option', element: u8 }, null, undefined],
    [{ kind: 'option', element: u8 }, 3, 3],
    [{ kind: 'option', element: { kind: 'option', element: u8 } }, 3, { tag: 'some', val: 3 }],
    [point, { 'x-axis': -1, label: null }, { xAxis: -1, label: undefined }],
    [shape, 'none', { tag: 'none' }],
    [shape, { circle: 2 }, { tag: 'circle', val: 2 }],
    [{ kind: 'result', ok: u8, err: text }, { err: 'no' }, { tag: 'err', val: 'no' }],
    [{ kind: 'enum', names: ['red', 'dark-green'] }, 'dark-green', 'dark-green'],
    [{ kind: 'flags', names: ['read', 'write-it'] }, ['write-it'], { read: false, writeIt: true }],
  ]
  for (const [type, json, value] of pairs) {
    test(`${type.kind} ${JSON.stringify(json)}`, () => {
      assert.deepEqual(valueFromJson(type, json, 'a'), value)
      assert.deepEqual(jsonFromValue(type, value), json)
    })
  }

  test('names are taken as JavaScript spells them, too; bytes as numbers', () => {
    assert.deepEqual(valueFromJson(point, { xAxis: 1 }, 'a'), { xAxis: 1, label: undefined })
    assert.deepEqual(valueFromJson({ kind: 'list', element: u8 }, [1, 255], 'a'), Uint8Array.of(1, 255))
  })
})

describe('what does not fit is named with its path', () => {
  for (const [type, json, message] of [
    [u8, 256, 'a: expected a whole number from 0 to 255, got 256'],
    [u8, '1', 'a: expected a whole number from 0 to 255, got "1"'],
    [{ kind: 'u64' }, -1, 'a: expected a whole number of 64 bits from 0 on, got -1'],
    [{ kind: 'list', element: u8 }, [1, 'x'], 'a[1]: expected a whole number from 0 to 255, got "x"'],
    [point, { xAxis: 1, z: 2 }, 'a has no field "z", expected x-axis, label'],
    [point, {}, 'a.x-axis: expected a whole number from -2147483648 to 2147483647, got null'],
    [shape, 'square', 'a: expected one of none, circle, got "square"'],
    [{ kind: 'flags', names: ['read'] }, ['fly'], 'a: expected some of read, got "fly"'],
    [{ kind: 'own', resource: 'x' }, 1, "a: a own can't be given as JSON"],
  ] as const satisfies readonly (readonly [WitType, unknown, string])[]) {
    test(message, () => {
      assert.throws(() => valueFromJson(type, json, 'a'), { code: 'invalid', message })
    })
  }
})
