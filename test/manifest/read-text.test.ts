import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readText } from '../../src/manifest/read-text.ts'

/** Generous for a busy machine, and far below what a quadratic reader would need. */
const soonMs = 5000

function onlyProblem(text: string): string {
  const start = performance.now()
  const { root, report } = readText(text)
  assert.ok(performance.now() - start < soonMs, 'must not be slow')
  assert.equal(root, undefined)
  const [first] = report.problems
  return first ? `${first.line}:${first.column} ${first.message}` : ''
}

test('an empty file is a problem', () => {
  assert.match(onlyProblem(''), /^1:1 the file is empty/)
  assert.match(onlyProblem('# nothing\n---\n'), /the file is empty/)
})

test('bad YAML is told with its line', () => {
  assert.match(onlyProblem('a: 1\nb: [1, 2\n'), /^3:1 not valid YAML/)
  assert.match(onlyProblem('a:\n\tb: 1\n'), /^2:1 not valid YAML.*tabs/)
})

test('two documents are one too many', () => {
  assert.match(onlyProblem('a: 1\n---\nb: 2\n'), /^2:1 a second document begins here/)
})

test('a file that is too large is refused unread', () => {
  assert.match(onlyProblem('a: b\n'.repeat(2 * 1024 * 1024)), /the file has 10.0 MiB/)
})

test('what is small but stands for much is refused', () => {
  let bomb = 'a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n'
  for (let i = 1; i < 12; i++)
    bomb += `a${i}: &a${i} [${Array(10)
      .fill(`*a${i - 1}`)
      .join(', ')}]\n`
  assert.match(onlyProblem(bomb), /more than 50000 values/)
  assert.match(onlyProblem('a: &a [*a]\n'), /nested too deeply/)
  assert.match(onlyProblem('['.repeat(1000) + ']'.repeat(1000)), /nested too deeply/)
})

test('a file of nothing but nesting is refused in time', () => {
  for (const text of ['[', '{a: ', '- ', '? ', '!x ['])
    assert.match(onlyProblem(text.repeat(1_000_000 / text.length)), /nested too deeply|not valid YAML/, text)
})

test('a megabyte of many small fields is refused in time', () => {
  let fields = ''
  for (let i = 0; fields.length < 1_000_000; i++) fields += `k${i}: 1\n`
  assert.match(onlyProblem(fields), /more than 50000 values/)
  assert.match(onlyProblem('- *x\n'.repeat(200_000)), /more than 50000|nothing is marked|not valid YAML/)
})

test('an alias stands for what it names', () => {
  const { root, report } = readText('a: &x {b: 1}\nc: *x\n')
  assert.deepEqual(report.problems, [])
  assert.ok(root?.value instanceof Map)
  assert.equal(root.value.get('c').node.value.get('b').node.value, 1)
})

test('JSON with tabs is read', () => {
  const { report } = readText('{\n\t"a": [\n\t\t1,\n\t\ttrue\n\t]\n}')
  assert.deepEqual(report.problems, [])
})

test('a field called __proto__ is a field', () => {
  const { root } = readText('{"__proto__": {"x": 1}}')
  assert.ok(root?.value instanceof Map)
  assert.deepEqual([...root.value.keys()], ['__proto__'])
})
