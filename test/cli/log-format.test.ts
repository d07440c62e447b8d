import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hostOptionsFrom } from '../../src/cli/host-flags.ts'

const record = {
  time: 1_795_222_923_000,
  level: 'warn',
  message: 'stock is low',
  attributes: { component: 'hello', left: 3 },
} as const

function linesWith(env: Record<string, string>, flags: Record<string, string> = {}): string {
  let written = ''
  const terminal = {
    env,
    out() {},
    err: (text: string) => {
      written += text
    },
    isColour: false,
    width: 80,
    signal: new AbortController().signal,
  }
  const { logSink } = hostOptionsFrom({ terminal, args: [], flags })
  logSink(record)
  logSink({ ...record, level: 'debug' })
  return written
}

test('log lines are text for people, and JSON on request by flag or variable', () => {
  const text = '01:02:03.000 WARN  stock is low component=hello left=3\n'
  const json =
    '{"time":"2026-11-21T01:02:03.000Z","level":"warn","message":"stock is low","component":"hello","left":3}\n'
  assert.equal(linesWith({}), text)
  assert.equal(linesWith({ WEFT_LOG_FORMAT: 'json' }), json)
  assert.equal(linesWith({}, { 'log-format': 'json' }), json)
  assert.equal(linesWith({ WEFT_LOG_FORMAT: 'json' }, { 'log-format': 'text' }), text)
})

test('the level may come from a variable, and a wrong one is named', () => {
  assert.equal(linesWith({ WEFT_LOG_LEVEL: 'debug' }).split('\n').length, 3)
  assert.equal(linesWith({ WEFT_LOG_LEVEL: 'error' }), '')
  assert.throws(() => linesWith({ WEFT_LOG_FORMAT: 'xml' }), /--log-format: expected text or json, got "xml"/)
})
