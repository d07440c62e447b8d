import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checkTelemetry } from '../../src/host/check-telemetry.ts'

const linkLocal = [
  'http://169.254.169.254',
  'http://0xA9FEA9FE:4318/x',
  'http://2852039166',
  'https://[fe80::1]:4318',
  'http://[::ffff:169.254.169.254]',
  'http://[64:ff9b::a9fe:a9fe]/',
  'http://[fd00:ec2::254]',
]

test('a manifest names no link-local collector, however it is written, unless the operator allows it', () => {
  for (const endpoint of linkLocal) {
    assert.throws(
      () => checkTelemetry({ endpoint }, {}),
      { code: 'denied', message: /its address is link-local; .*WEFT_TELEMETRY_LINK_LOCAL=true/ },
      endpoint,
    )
    checkTelemetry({ endpoint }, { WEFT_TELEMETRY_LINK_LOCAL: 'true' })
  }
})

test('other collectors may be named', () => {
  checkTelemetry(undefined, {})
  for (const endpoint of [
    'http://127.0.0.1:4318',
    'http://collector:4318',
    'http://10.0.0.7',
    'https://[fd00::1]',
  ])
    checkTelemetry({ endpoint }, {})
})
