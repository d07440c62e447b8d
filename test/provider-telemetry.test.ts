import assert from 'node:assert/strict'
import { test } from 'node:test'
import { providerTelemetry } from '../src/provider-telemetry.ts'

const host = { hostId: 'N', hostName: 'oak' }
const toldOf = (telemetry: { readonly endpoint?: string }, env: Readonly<Record<string, string>> = {}) =>
  providerTelemetry(env, { id: 'kv', telemetry }, host).env['WEFT_TELEMETRY_LINK_LOCAL']

test('a provider process is told when a manifest has named its collector: it keeps off link-local addresses', () => {
  const endpoint = 'http://collector:4318'
  assert.equal(toldOf({ endpoint }), 'false')
  assert.equal(toldOf({ endpoint }, { WEFT_TELEMETRY_LINK_LOCAL: 'true' }), 'true')
  assert.equal(toldOf({}), undefined)
})
