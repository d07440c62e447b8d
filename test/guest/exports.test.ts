import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { GuestComponent } from '../../src/guest/component.ts'
import { fakeServices, fetchFrom, guestCall, openGuests } from '../support/guest.ts'

let guests: Awaited<ReturnType<typeof openGuests>>
before(async () => {
  guests = await openGuests()
})
after(() => guests.close())

describe('a command', { timeout: 60_000 }, () => {
  let command: GuestComponent
  before(async () => {
    command = await guests.load('test/guests/std-command/std-command.wasm')
  })

  /** Runs it with these arguments: its result and its output. */
  async function run(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
    await command.configure({ cli: { args, env } })
    const services = fakeServices()
    const result = await command.run(guestCall(command, 'run', []), services)
    return { result, lines: services.lines.map(({ message }) => message) }
  }

  test('sees the arguments and the environment of its manifest, and nothing of the host', async () => {
    const { result, lines } = await run(['args', 'one', 'two words', ';', 'env'], { WHO: 'weft', EMPTY: '' })
    assert.deepEqual(result, { tag: 'ok' })
    assert.deepEqual(lines, ['ok one,two words', 'ok WHO=weft,EMPTY='])
    assert.deepEqual((await run(['env'])).lines, ['ok '])
  })

  test('that calls exit says its result by the status, in the middle of its run', async () => {
    assert.deepEqual((await run(['exit', '0', ';', 'env'])).result, { tag: 'ok' })
    assert.deepEqual((await run(['exit', '7'])).result, { tag: 'err' })
  })

  test('that panics has trapped', async () => {
    await command.configure({ cli: { args: ['panic'] } })
    await assert.rejects(command.run(guestCall(command, 'run', []), fakeServices()), { code: 'trapped' })
  })
})

test('a handler that exits without an answer gives none, and that is no trap', async () => {
  const probe = await guests.load('test/guest/wasi-0-2/probe/probe.wasm')
  const services = fakeServices()
  await assert.rejects(fetchFrom(probe, '/exit', { services }), {
    code: 'unavailable',
    message: /^component guest ended .+ by exit\(3\), without an answer$/,
  })
  assert.ok(services.lines.every(({ level }) => level !== 'error'))
})
