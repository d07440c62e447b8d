import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type MsgHdrs, headers as natsHeaders } from 'nats'
import { preciseNow } from '../../src/clock.ts'
import { callFromHeaders, headersFromCall } from '../../src/wrpc/headers.ts'
import { sampleCall } from '../support/sample-call.ts'

test('a deadline goes over the wire by the clock of the system, however that was set', (context) => {
  const deadline = preciseNow() + 5000
  const systemNow = Date.now() - 3_600_000
  context.mock.method(Date, 'now', () => systemNow)
  const call = sampleCall({ context: { deadline } })
  const { headers } = headersFromCall(call, 0, 'whole')
  const bytes = (headers as MsgHdrs & { encode(): Uint8Array }).encode()
  const [, sent] = / deadline=(\d+) /.exec(new TextDecoder().decode(bytes)) ?? []
  assert.ok(Math.abs(Number(sent) - (systemNow + 5000)) < 1000, String(sent))
  const came = natsHeaders()
  came.set('weft-peer', `1 deadline=${sent} accept-by=0`)
  const read = callFromHeaders(came).deadline
  assert.ok(read !== undefined && Math.abs(read - deadline) < 1000, String(read))
})
