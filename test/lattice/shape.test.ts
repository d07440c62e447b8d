import assert from 'node:assert/strict'
import { test } from 'node:test'
import { count, listOf, mapOf, or, parseJson, record, text } from '../../src/lattice/shape.ts'

const bytes = (value: string) => new TextEncoder().encode(value)

test('an error names the path, what was expected and what came', () => {
  const shape = record({ items: listOf(record({ name: text })) })
  assert.throws(() => parseJson(bytes('{"items":[{"name":1}]}'), shape), {
    code: 'invalid',
    message: 'items[0].name: expected a string, got number',
  })
})

test('bytes that are not UTF-8 or not JSON are invalid', () => {
  for (const given of [new Uint8Array([0xff, 0xfe]), bytes(''), bytes('{')]) {
    assert.throws(() => parseJson(given, text), { code: 'invalid', message: 'not JSON' })
  }
})

test('what is absent or null takes the fallback, and unknown members are dropped', () => {
  const shape = record({ list: or(listOf(text), []), n: or(count, 7) }, { note: text })
  assert.deepEqual(parseJson(bytes('{"list":null,"note":null,"new":1}'), shape), { list: [], n: 7 })
})

test('a key named __proto__ is only a key', () => {
  const map = parseJson(bytes('{"__proto__":"x"}'), mapOf(text))
  assert.equal(Object.getPrototypeOf(map), Object.prototype)
  assert.deepEqual(Object.keys(map), ['__proto__'])
  assert.throws(() => parseJson(bytes('{}'), record({ toString: text })), { code: 'invalid' })
})

test('a count is a whole number from 0', () => {
  for (const wrong of ['-1', '1.5', '"1"', 'null']) {
    assert.throws(() => parseJson(bytes(wrong), count), { code: 'invalid' })
  }
})
