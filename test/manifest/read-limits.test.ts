import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseManifest } from '../../src/manifest/parse-manifest.ts'
import { manifestWithTraits } from '../support/manifest-with-traits.ts'

test('limits and reuse become settings in plain units', () => {
  const [component] = parseManifest(
    manifestWithTraits(`        - { type: limits, properties: { memory: 64MiB, time: 1.5s, request: 2 MB, queue: 7, queueTime: 250ms } }
        - { type: reuse, properties: { invocations: 1000, concurrent: 4 } }`),
    'a.yaml',
  ).components
  assert.deepEqual(component?.settings, {
    limits: { memoryBytes: 67_108_864, timeMs: 1500, requestBytes: 2_000_000, queue: 7, queueMs: 250 },
    reuse: { invocations: 1000, concurrent: 4 },
  })
})

test('a limit of 0, with which the component would not run, is refused; a queue of 0 says that no call waits', () => {
  const limits = '{ memory: 0B, time: 0s, tableElements: 0, handles: 0, queue: 0, queueTime: 0ms }'
  assert.throws(
    () => parseManifest(manifestWithTraits(`        - { type: limits, properties: ${limits} }`), 'a.yaml'),
    {
      code: 'invalid',
      message: [
        'a.yaml:10:49: "memory" is the text "0B", expected a size such as 64MiB',
        'a.yaml:10:59: "time" is the text "0s", expected a time such as 30s or 500ms',
        'a.yaml:10:78: "tableElements" of the limits is 0, expected 1 or more',
        'a.yaml:10:90: "handles" of the limits is 0, expected 1 or more',
        'a.yaml:10:114: "queueTime" is the text "0ms", expected a time such as 30s or 500ms',
      ].join('\n'),
    },
  )
})

test('what is no size, no time, no number, or stands twice is named', () => {
  assert.throws(
    () =>
      parseManifest(
        manifestWithTraits(`        - { type: limits, properties: { memory: 64, time: soon, memry: 1MiB } }
        - { type: reuse, properties: { invocations: 0 } }
        - { type: reuse, properties: { concurrent: 2 } }
        - { type: limits, properties: {} }`),
        'a.yaml',
      ),
    {
      code: 'invalid',
      message: [
        'a.yaml:10:49: "memory" is the number 64, expected a size such as 64MiB',
        'a.yaml:10:59: "time" is the text "soon", expected a time such as 30s or 500ms',
        'a.yaml:10:65: the limits has no field "memry"; did you mean "memory"?',
        'a.yaml:11:53: "invocations" of the reuse is 0, expected 1 or more',
        'a.yaml:12:38: the reuse has no "invocations", expected a number such as 1000',
        'a.yaml:13:11: a second trait "limits" on one component, expected one',
      ].join('\n'),
    },
  )
})
