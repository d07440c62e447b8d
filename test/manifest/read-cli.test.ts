import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseManifest } from '../../src/manifest/parse-manifest.ts'
import { manifestWithTraits } from '../support/manifest-with-traits.ts'

test('arguments and environment become settings', () => {
  const [component] = parseManifest(
    manifestWithTraits(
      '        - { type: cli, properties: { args: [--verbose, "8"], env: { LOG: debug, EMPTY: "" } } }',
    ),
    'a.yaml',
  ).components
  assert.deepEqual(component?.settings, {
    cli: { args: ['--verbose', '8'], env: { LOG: 'debug', EMPTY: '' } },
  })
})

test('what is no text or can be no variable is named', () => {
  assert.throws(
    () =>
      parseManifest(
        manifestWithTraits(
          '        - { type: cli, properties: { args: [8], env: { "A=B": x, PORT: 80 }, arg: [] } }',
        ),
        'a.yaml',
      ),
    {
      code: 'invalid',
      message: [
        'a.yaml:10:45: entry 1 of "args" of the cli is the number 8, expected text: put it in quotes, "8"',
        'a.yaml:10:56: "A=B" of "env" can\'t be an environment variable, expected NAME: value',
        'a.yaml:10:72: "PORT" in "env" of the cli is the number 80, expected text: put it in quotes, "80"',
        'a.yaml:10:78: the cli has no field "arg"; did you mean "args"?',
      ].join('\n'),
    },
  )
})
