import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startTethered } from '../../src/lattice/tethered-process.ts'

async function run(command: readonly string[], more: { input?: string; env?: Record<string, string> } = {}) {
  const lines: string[] = []
  const child = await startTethered({ command, onLine: (line) => lines.push(line), ...more })
  return { child, lines }
}

test('a program reads its input up to the end, and its lines come from both outputs', async () => {
  const { child, lines } = await run(['sh', '-c', 'cat; echo; echo error >&2; exit 7'], { input: 'one\ntwo' })
  assert.equal(await child.ended, 'exit code 7')
  assert.deepEqual(lines.toSorted(), ['error', 'one', 'two'])
  assert.ok(child.hasEnded())
})

test('without input its stdin is empty; a program that reads none of it hurts nobody', async () => {
  const { child, lines } = await run(['sh', '-c', 'cat; echo done'])
  await child.ended
  assert.deepEqual(lines, ['done'])
  const deaf = await run(['true'], { input: 'x'.repeat(1_000_000) })
  assert.equal(await deaf.child.ended, 'exit code 0')
})

test('its environment is what was given', async () => {
  const { child, lines } = await run(['env'], { env: { PATH: process.env['PATH'] ?? '', COLOUR: 'blue' } })
  await child.ended
  assert.deepEqual(
    lines
      .map((line) => line.split('=')[0])
      .filter((name) => !['PWD', '_', 'SHLVL', 'OLDPWD'].includes(name ?? ''))
      .toSorted(),
    ['COLOUR', 'PATH'],
  )
})

test('one that does not mind SIGTERM is killed after the grace time', async () => {
  const { child, lines } = await run(['sh', '-c', 'trap "" TERM; echo ready; while :; do sleep 1; done'])
  while (lines.length === 0) await new Promise((resolve) => setTimeout(resolve, 5))
  await child.stop(50)
  assert.equal(await child.ended, 'exit code 137')
})

test('of a line without an end only the beginning is kept', async () => {
  const long = `head -c 20000000 /dev/zero | tr '\\0' A >&2`
  const { child, lines } = await run(['sh', '-c', `echo first >&2; ${long}; echo >&2; printf last >&2`])
  assert.equal(await child.ended, 'exit code 0')
  assert.deepEqual(
    lines.map((line) => line.length),
    [5, 65_536, 4],
  )
})
