import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pagesOf } from '../../src/lattice/pages.ts'

interface Page {
  readonly items: readonly unknown[]
  readonly more: boolean
  readonly ids?: readonly string[]
}
const read = (pages: readonly string[]) => pages.map((page) => JSON.parse(page) as Page)

test('an empty list is one page', () => {
  assert.deepEqual(read(pagesOf({ items: [] })), [{ items: [], more: false }])
})

test('every page fits, and together they are the list in order', () => {
  const items = Array.from({ length: 100 }, (_, at) => ({ at, text: 'ü'.repeat(at) }))
  const pages = pagesOf({ items, head: { ids: ['a'.repeat(300)] }, maxPayload: 1000 })
  assert.ok(pages.length > 5)
  for (const page of pages) assert.ok(Buffer.byteLength(page) <= 1000, `${Buffer.byteLength(page)} bytes`)
  const found = read(pages)
  assert.deepEqual(
    found.flatMap((page) => page.items),
    items,
  )
  assert.deepEqual(
    found.map(({ more }) => more),
    [...pages.slice(1).map(() => true), false],
  )
  assert.deepEqual(
    found.map(({ ids }) => ids?.length),
    [1, ...pages.slice(1).map(() => undefined)],
  )
})

test('an item that fits in no message is left out', () => {
  const items = ['a', 'b'.repeat(2000), 'c']
  assert.deepEqual(
    read(pagesOf({ items, maxPayload: 1000 })).flatMap((page) => page.items),
    ['a', 'c'],
  )
})
