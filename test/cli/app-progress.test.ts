import assert from 'node:assert/strict'
import { test } from 'node:test'
import { appProgress } from '../../src/cli/app-progress.ts'
import type { Terminal } from '../../src/cli/command.ts'
import type { Status } from '../../src/controller/status.ts'

type Type = Status['status']['type']

function statusOf(hosts: readonly [name: string, type: Type, message: string][], type: Type = 'reconciling') {
  const status = { type, message: 'no reason' }
  return {
    status,
    version: 'v2',
    components: [],
    scalers: [
      {
        id: '1',
        kind: 'SpreadScaler',
        name: 'web',
        status,
        hosts: hosts.map(([name, hostType, message]) => {
          return { id: name, name, instances: 1, status: { type: hostType, message } }
        }),
      },
      { id: '2', kind: 'LinkScaler', name: 'web → kv', status: { type: 'failed', message: 'taken' } },
    ],
  } satisfies Status
}

function terminal(isColour: boolean): { terminal: Terminal; written: () => string } {
  let written = ''
  const signal = new AbortController().signal
  const err = (text: string) => {
    written += text
  }
  return { terminal: { env: {}, out: err, err, isColour, width: 40, signal }, written: () => written }
}

const first = statusOf([
  ['a', 'deployed', ''],
  ['b', 'reconciling', 'starting'],
  ['c', 'failed', 'no such file'],
])
const second = statusOf(
  [
    ['a', 'deployed', ''],
    ['b', 'deployed', ''],
  ],
  'deployed',
)

test('each piece of news is a line: a host that runs, and a reason to wait', () => {
  const { terminal: out, written } = terminal(false)
  const { show } = appProgress(out)
  for (const status of [first, first, second]) show(status)
  assert.equal(written(), '  ✓ web on a\n  … web on c: no such file\n  … web → kv: taken\n  ✓ web on b\n')
})

test('what has no host yet tells why', () => {
  const { terminal: out, written } = terminal(false)
  appProgress(out).show(statusOf([], 'waiting'))
  assert.match(written(), /^ {2}… web: no reason\n/)
})

test('on a terminal the lines change in place, clipped to its width', () => {
  const { terminal: out, written } = terminal(true)
  const { show } = appProgress(out)
  show(first)
  assert.ok(written().includes('· web on b: starting'))
  const before = written().length
  show(statusOf([['a very long name of a host that does not fit', 'deployed', '']]))
  const redrawn = written().slice(before)
  assert.ok(redrawn.startsWith('\u001b[4A'), 'the four lines of before are overwritten')
  assert.ok(redrawn.includes('…'))
})
