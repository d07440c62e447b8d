import assert from 'node:assert/strict'
import { test } from 'node:test'
import { logProviderLine } from '../../../src/host/process/log-lines.ts'
import { createLog, type LogRecord } from '../../../src/log.ts'

function logged(line: string): Omit<LogRecord, 'time'>[] {
  const records: LogRecord[] = []
  logProviderLine(
    createLog((record) => records.push(record), { provider: 'kv' }),
    line,
  )
  return records.map(({ time: _, ...rest }) => rest)
}

test("a line of Rust's tracing has its level, message and fields", () => {
  const line = {
    timestamp: '2026-01-01T00:00:00Z',
    level: 'WARN',
    fields: { message: 'link is known', source: 'hello', provider: 'liar' },
    target: 'wasmcloud_provider_sdk',
  }
  assert.deepEqual(logged(JSON.stringify(line)), [
    {
      level: 'warn',
      message: 'link is known',
      attributes: { provider: 'kv', target: 'wasmcloud_provider_sdk', source: 'hello' },
    },
  ])
})

test('anything else is a line as it stands', () => {
  for (const line of ['ready', '{', '{"a":1}', '{"fields":{"message":7}}', 'null']) {
    assert.deepEqual(logged(line), [{ level: 'info', message: line, attributes: { provider: 'kv' } }])
  }
  assert.deepEqual(logged('  '), [])
})
