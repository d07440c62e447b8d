import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Fields } from '../../../src/guest/wasi-0-2/fields.ts'

const bytes = (text: string) => Buffer.from(text)
const texts = (values: readonly Uint8Array[]) => values.map((value) => Buffer.from(value).toString())

describe('fields of wasi:http', () => {
  it('keep all values in order and compare names without case', () => {
    const fields = new Fields()
    fields.append('Set-Cookie', bytes('a'))
    fields.append('x-other', bytes('o'))
    fields.append('set-cookie', bytes('b'))
    assert.deepEqual(texts(fields.get('SET-COOKIE')), ['a', 'b'])
    assert.equal(fields.has('X-Other'), true)
    assert.deepEqual(
      fields.entries().map(([name]) => name),
      ['Set-Cookie', 'x-other', 'set-cookie'],
    )
    assert.deepEqual(
      Fields.sent(fields).map(([name, values]) => [name, texts(values)]),
      [
        ['Set-Cookie', ['a', 'b']],
        ['x-other', ['o']],
      ],
    )
  })

  it('set replaces, an empty set and delete remove', () => {
    const fields = Fields.fromList([['A', bytes('1')]])
    fields.set('a', [bytes('2'), bytes('3')])
    assert.deepEqual(texts(fields.get('A')), ['2', '3'])
    fields.set('a', [])
    assert.equal(fields.has('a'), false)
    fields.append('a', bytes('4'))
    fields.delete('A')
    assert.deepEqual(fields.entries(), [])
  })

  it('a missing or impossible name has no values', () => {
    const fields = new Fields()
    assert.deepEqual(fields.get('nope'), [])
    assert.equal(fields.has('bad name'), false)
  })

  for (const [name, value, tag] of [
    ['bad name', 'x', 'invalid-syntax'],
    ['', 'x', 'invalid-syntax'],
    ['x', 'a\r\nb', 'invalid-syntax'],
    ['x', 'a\0', 'invalid-syntax'],
    ['Host', 'x', 'forbidden'],
    ['transfer-encoding', 'x', 'forbidden'],
  ] as const) {
    it(`refuses ${JSON.stringify(name)}: ${JSON.stringify(value)} as ${tag}`, () => {
      const fields = new Fields()
      assert.throws(() => fields.append(name, bytes(value)), { payload: { tag } })
      assert.throws(() => fields.set(name, [bytes(value)]), { payload: { tag } })
      assert.throws(() => Fields.fromList([[name, bytes(value)]]), { payload: { tag } })
      assert.deepEqual(fields.entries(), [])
    })
  }

  it('takes a tab and bytes beyond ASCII in a value', () => {
    const fields = new Fields()
    fields.append('x', Uint8Array.of(9, 0xff, 0x80))
    assert.deepEqual([...(fields.get('x')[0] ?? [])], [9, 0xff, 0x80])
  })

  it('that came in are immutable, a clone of them is not', () => {
    const fields = Fields.received([
      ['a', [bytes('1'), bytes('2')]],
      ['Host', [bytes('h')]],
    ])
    assert.deepEqual(texts(fields.get('a')), ['1', '2'])
    assert.equal(fields.has('host'), false)
    assert.throws(() => fields.append('b', bytes('x')), { payload: { tag: 'immutable' } })
    assert.throws(() => fields.set('b', []), { payload: { tag: 'immutable' } })
    assert.throws(() => fields.delete('a'), { payload: { tag: 'immutable' } })
    const copy = fields.clone()
    copy.delete('a')
    assert.equal(copy.has('a'), false)
    assert.equal(fields.has('a'), true)
  })
})
