import assert from 'node:assert/strict'
import { test } from 'node:test'
import { stripVTControlCharacters } from 'node:util'
import { formatDuration } from '../../src/cli/format-duration.ts'
import { renderTrace, renderTraceList } from '../../src/cli/waterfall.ts'
import type { SpanRecord } from '../../src/telemetry/span.ts'
import { summarizeTrace } from '../../src/telemetry/summarize-trace.ts'
import { sampleSpan } from '../support/sample-span.ts'

const begin = Date.UTC(2026, 10, 21, 1, 2, 3)
const id = (number: number) => number.toString(16).padStart(16, '0')

interface Sketch {
  readonly id: number
  readonly under?: number
  readonly name?: string
  readonly by?: string
  readonly host?: string
  readonly from?: number
  readonly ms?: number
}

function draw(sketch: Sketch, more: Partial<SpanRecord> = {}): SpanRecord {
  const host = sketch.host ?? 'fox'
  const start = begin + (sketch.from ?? 0)
  return sampleSpan({
    spanId: id(sketch.id),
    ...(sketch.under === undefined ? {} : { parentSpanId: id(sketch.under) }),
    name: sketch.name ?? `span ${sketch.id}`,
    start,
    end: start + (sketch.ms ?? 1),
    resource: { service: sketch.by ?? 'app', hostId: host, hostName: host },
    ...more,
  })
}

const trimmed = (text: string) => text.split('\n').map((line) => line.trimEnd())

test('a trace is a waterfall: who called whom, where, when and how long', () => {
  const spans = [
    draw(
      { id: 4, under: 3, name: 'store get', by: 'hello', host: 'owl', from: 60, ms: 20 },
      { kind: 'client' },
    ),
    draw({ id: 3, under: 2, name: 'handle', by: 'hello', host: 'owl', from: 20, ms: 60 }),
    draw({ id: 2, under: 1, name: 'handle', by: 'http', from: 10, ms: 80 }, { kind: 'client' }),
    draw(
      { id: 5, under: 3, name: 'instantiate', by: 'hello', host: 'owl', from: 20, ms: 0.4 },
      { kind: 'internal' },
    ),
    draw({ id: 1, name: 'GET', by: 'http', from: 0, ms: 100 }),
  ]
  assert.deepEqual(trimmed(renderTrace(spans, { width: 60 })), [
    'trace 4bf92f3577b34da6a3ce929d0e0e4736',
    '100 ms · 5 spans · 2 hosts: owl, fox · 2026-11-21T01:02:03.000Z',
    '',
    'GET               http@fox  █████████████████████     100 ms',
    '└ handle          http@fox    █████████████████        80 ms',
    '  └ handle        hello@owl     █████████████          60 ms',
    '    ├ instantiate hello@owl     ▏                     400 µs',
    '    └ store get   hello@owl             ████           20 ms',
    '',
  ])
})

test('a failed span is marked and says why', () => {
  const failed = draw(
    { id: 2, under: 1, name: 'call' },
    { status: { code: 'error', message: 'unreachable executed' }, attributes: { 'error.type': 'trapped' } },
  )
  const lines = trimmed(renderTrace([draw({ id: 1 }), failed], { width: 60 }))
  assert.match(lines[1] ?? '', /2 spans · 1 error · 1 host: fox/)
  assert.match(lines[4] ?? '', /^└ ✗ call/)
  assert.equal(lines[5], '    trapped: unreachable executed')
})

test('spans whose parent was not seen stand under a note', () => {
  const lines = trimmed(renderTrace([draw({ id: 1 }), draw({ id: 8, under: 7 }), draw({ id: 9, under: 8 })]))
  const note = lines.findIndex((line) => line.includes('have not been seen'))
  assert.ok(note > 3)
  assert.match(lines[note + 1] ?? '', /^span 8/)
  assert.match(lines[note + 2] ?? '', /^└ span 9/)
})

test('spans that are each other’s parents are drawn once', () => {
  const text = renderTrace([draw({ id: 1, under: 2 }), draw({ id: 2, under: 1 }), draw({ id: 3, under: 3 })])
  for (const name of ['span 1', 'span 2', 'span 3']) assert.equal(text.split(name).length, 2, name)
})

test('a host whose clock is off is moved into its call, and that is said', () => {
  const spans = (off: number) => [
    draw({ id: 1, ms: 100 }, { kind: 'client' }),
    draw({ id: 2, under: 1, host: 'owl', from: 30 + off, ms: 40 }),
    draw({ id: 3, under: 2, host: 'owl', from: 40 + off, ms: 20 }),
  ]
  const right = trimmed(renderTrace(spans(0), { width: 80 }))
  for (const off of [3_600_000, -3_600_000]) {
    const text = trimmed(renderTrace(spans(off), { width: 80 }))
    assert.deepEqual(text.slice(3, 6), right.slice(3, 6))
    assert.equal(text[7], 'clocks differ; moved in this drawing: owl by 60 min 0 s')
    assert.equal(summarizeTrace(spans(off))?.durationMs, 100)
  }
})

test('what a span says can not drive the terminal', () => {
  const nasty = '\u001b[2J\u202egnp\r\nx'
  const span = draw(
    { id: 1, name: nasty, by: nasty, host: nasty },
    { status: { code: 'error', message: nasty } },
  )
  const text =
    renderTrace([span]) + renderTraceList([summarizeTrace([span])].filter((found) => found !== undefined))
  assert.doesNotMatch(text.replaceAll('\n', ''), /[\p{Cc}\p{Cf}]/u)
  assert.equal(trimmed(renderTrace([span])).length, 6)
})

test('no line is wider than the terminal', () => {
  const wide = (number: number): SpanRecord =>
    draw(
      { id: number, under: number - 1, name: 'n'.repeat(200), by: 'c'.repeat(200), from: number },
      { status: { code: 'error', message: 'm'.repeat(500) } },
    )
  const spans = [draw({ id: 0 }), ...Array.from({ length: 40 }, (_, index) => wide(index + 1))]
  for (const width of [60, 100, 200]) {
    const lines = renderTrace(spans, { width }).split('\n').slice(2)
    for (const line of lines) assert.ok([...line].length <= width, `${[...line].length} > ${width}: ${line}`)
  }
})

test('10 000 spans, side by side or each in the other, are drawn, in far less than their square', () => {
  const side = Array.from({ length: 10_000 }, (_, index) =>
    index === 0 ? draw({ id: 1, ms: 10_000 }) : draw({ id: index + 1, under: 1, from: index }),
  )
  const deep = Array.from({ length: 10_000 }, (_, index) =>
    index === 0 ? draw({ id: 1, ms: 10_000 }) : draw({ id: index + 1, under: index, from: index }),
  )
  for (const spans of [side, deep]) {
    const start = performance.now()
    assert.equal(renderTrace(spans).split('\n').length, 3 + 10_000 + 1)
    // What looks at every pair takes minutes.
    assert.ok(performance.now() - start < 20_000)
  }
})

test('colours are there when asked for, and change nothing else', () => {
  const spans = [draw({ id: 1 }), draw({ id: 2, under: 1 }, { status: { code: 'error', message: 'no' } })]
  const colored = renderTrace(spans, { color: true })
  assert.notEqual(colored, renderTrace(spans))
  assert.equal(stripVTControlCharacters(colored), renderTrace(spans))
})

test('no spans and no traces say so', () => {
  assert.equal(renderTrace([]), 'no spans\n')
  assert.equal(renderTraceList([]), 'no traces\n')
})

test('traces are a table, failed ones marked', () => {
  const good = summarizeTrace([draw({ id: 1, name: 'GET', by: 'http', ms: 12.34 })])
  const bad = summarizeTrace([draw({ id: 2, under: 1, name: 'lost' }, { status: { code: 'error' } })])
  assert.ok(good && bad)
  assert.deepEqual(trimmed(renderTraceList([good, bad], { width: 90 })), [
    'TRACE             START      DURATION  SPANS  ERRORS  NAME              COMPONENTS',
    '4bf92f3577b34da6  01:02:03    12.3 ms      1          GET               http',
    '4bf92f3577b34da6  01:02:03       1 ms      1     ✗ 1  … lost            app',
    '',
  ])
})

test('durations have three digits that matter and the unit people expect', () => {
  const shown = [0, 0.0123, 0.412, 0.9996, 3.2, 12.345, 999.6, 1480, 59_994, 59_996, 125_400].map(
    formatDuration,
  )
  assert.deepEqual(shown, [
    '0 µs',
    '12 µs',
    '412 µs',
    '1 ms',
    '3.2 ms',
    '12.3 ms',
    '1 s',
    '1.48 s',
    '60 s',
    '1 min 0 s',
    '2 min 5 s',
  ])
})
