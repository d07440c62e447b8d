import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { HttpResult } from '../../src/capability/http.ts'
import { fakeServices, fetchFrom, guestCall, openGuests, requestTo } from '../support/guest.ts'

let guests: Awaited<ReturnType<typeof openGuests>>
before(async () => {
  guests = await openGuests()
})
after(() => guests.close())

test('a guest reveals its secrets, text and bytes, and is told of one that it has not', async () => {
  const guest = await guests.load('test/guests/secrets-p2/secrets-p2.wasm')
  const services = fakeServices({
    secrets: {
      password: { tag: 'string', val: 's3cret' },
      key: { tag: 'bytes', val: Uint8Array.of(1, 255) },
    },
  })
  const ask = async (name: string) => (await fetchFrom(guest, `/?${name}`, { services })).text
  assert.equal(await ask('password'), 'string: s3cret')
  assert.equal(await ask('key'), 'bytes: 01ff')
  assert.match(await ask('nothing'), /NotFound/)
  assert.match(await ask('constructor'), /NotFound/)
  const call = guestCall(guest, 'handle', [requestTo('/?password', {})])
  const result = (await guest.run(call, services)) as HttpResult
  if (result.tag === 'ok') for await (const _ of result.val.body);
  // The trace shows that it asked, and nothing of what for.
  const asked = call.course.timings.flatMap((timing) => (timing.name === 'imported' ? [timing.label] : []))
  assert.deepEqual(asked, ['secrets/store get', 'secrets/reveal reveal'])
})
