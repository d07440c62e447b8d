import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type ControlHandlersOptions, controlHandlers } from '../../src/host/control-handlers.ts'

test('labels that no heartbeat could carry are refused, and not kept', () => {
  const labels = new Map<string, string>()
  // Labels need nothing else of a host.
  const options = { id: 'N1', labels, publishEvent: () => undefined } as unknown as ControlHandlersOptions
  const handlers = controlHandlers(options)
  assert.match(handlers.putLabel('zone', 'v'.repeat(800_000)).message, /at most 100 labels of 1024 bytes/)
  assert.equal(labels.size, 0)
  for (let at = 0; at < 100; at += 1) assert.ok(handlers.putLabel(`label${at}`, 'x').success)
  assert.equal(handlers.putLabel('one-more', 'x').success, false)
  assert.ok(handlers.putLabel('label0', 'changed').success)
  assert.equal(labels.size, 100)
})
