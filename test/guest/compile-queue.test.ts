import assert from 'node:assert/strict'
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { guestBytes, openGuests } from '../support/guest.ts'

let guests: Awaited<ReturnType<typeof openGuests>>
before(async () => {
  guests = await openGuests()
})
after(() => guests.close())

test('a component is compiled once, however many ask for it at the same time', async () => {
  const bytes = await guestBytes('test/guests/calc/calc.wasm')
  const [first, second] = await Promise.all([
    guests.compiler.compile(bytes, 'a'),
    guests.compiler.compile(bytes, 'b'),
  ])
  assert.deepEqual(first, second)
  const written = (await stat(join(first.path, 'component.json'))).mtimeMs
  await guests.compiler.compile(bytes, 'c')
  assert.equal((await stat(join(first.path, 'component.json'))).mtimeMs, written)
})

test('what is not WebAssembly is refused by name', async () => {
  await assert.rejects(
    guests.compiler.compile(await guestBytes('test/guests/not-wasm.txt'), 'file:///x.txt'),
    {
      code: 'invalid',
      message: /file:\/\/\/x\.txt is not WebAssembly: expected a component/,
    },
  )
})

test('a core module is refused with what would make it a component', async () => {
  await assert.rejects(
    guests.compiler.compile(await guestBytes('test/guests/core-module.wasm'), 'file:///core.wasm'),
    {
      code: 'invalid',
      message: /file:\/\/\/core\.wasm is a core WebAssembly module, expected a component: wrap it/,
    },
  )
})

test('a component that is cut off is refused, and the compiler goes on', async () => {
  const bytes = await guestBytes('test/guests/calc/calc.wasm')
  await assert.rejects(guests.compiler.compile(bytes.slice(0, 5000), 'cut.wasm'), { code: 'invalid' })
  assert.ok((await guests.compiler.compile(bytes, 'whole.wasm')).path)
})
