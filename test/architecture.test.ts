import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { glob } from 'node:fs/promises'
import { dirname, join, relative, resolve } from 'node:path'
import { test } from 'node:test'

const root = resolve(import.meta.dirname, '..')
const page = readFileSync(join(root, 'ARCHITECTURE.md'), 'utf8')
/** The files of the ground floor, as the sentence under the table names them. */
const ground = unquote(/`ground` is ([^.]+)\./.exec(page)?.[1] ?? '')

test('imports go down only, as the table in ARCHITECTURE.md says', async () => {
  const allowed = new Map(
    tableUnder('### Who may import whom').map(([room = '', may = '']) => [unquote(room)[0] ?? '', may]),
  )
  const wrong: string[] = []
  for (const { file, specifier } of await importsOf('{src,providers}/**/*.ts')) {
    if (!specifier.startsWith('.')) continue
    const from = roomOf(file, allowed)
    const to = roomOf(relative(root, resolve(root, dirname(file), specifier)), allowed)
    const may = allowed.get(from) ?? ''
    if (from !== to && may !== 'everything' && !unquote(may).includes(to))
      wrong.push(`${file} (${from}) imports ${specifier} (${to})`)
  }
  assert.deepEqual(wrong, [])
})

test('there are no import cycles', async () => {
  const edges = new Map<string, string[]>()
  for (const { file, specifier, isType } of await importsOf('{src,providers}/**/*.ts')) {
    if (!specifier.startsWith('.') || isType) continue
    const to = relative(root, resolve(root, dirname(file), specifier))
    edges.set(file, [...(edges.get(file) ?? []), to])
  }
  const done = new Set<string>()
  const visit = (file: string, path: readonly string[]): void => {
    assert.ok(!path.includes(file), `cycle: ${[...path, file].join(' → ')}`)
    if (done.has(file)) return
    for (const next of edges.get(file) ?? []) visit(next, [...path, file])
    done.add(file)
  }
  for (const file of edges.keys()) visit(file, [])
})

test('each foreign package has one door, as ARCHITECTURE.md says', async () => {
  const doors = tableUnder('### One door per foreign package').flatMap(([packages = '', rooms = '']) =>
    unquote(packages).map((name) => ({ name: name.replace('*', ''), rooms: unquote(rooms) })),
  )
  const rooms = new Map(
    tableUnder('### Who may import whom').map(([room = '']) => [unquote(room)[0] ?? '', '']),
  )
  const wrong: string[] = []
  for (const { file, specifier } of await importsOf('{src,providers}/**/*.ts')) {
    if (specifier.startsWith('.') || specifier.startsWith('node:')) continue
    const door = doors.find(({ name }) =>
      name.endsWith('/') ? specifier.startsWith(name) : specifier === name,
    )
    if (!door?.rooms.includes(roomOf(file, rooms))) wrong.push(`${file} imports ${specifier}`)
  }
  assert.deepEqual(wrong, [])
})

test('every room in src and every file of the ground floor is named in ARCHITECTURE.md', async () => {
  for await (const entry of glob('src/*', { cwd: root })) {
    const name = /\.\w+$/.test(entry) ? entry : `${entry}/`
    assert.ok(page.includes(`\`${name}\``), `${name} is not in the table of rooms`)
  }
})

test('only src/index.ts re-exports', async () => {
  const wrong: string[] = []
  for await (const file of glob('{src,providers}/**/*.ts', { cwd: root })) {
    if (file !== 'src/index.ts' && /^export .* from '/m.test(readFileSync(join(root, file), 'utf8')))
      wrong.push(file)
  }
  assert.deepEqual(wrong, [])
})

/** A spread of something called as trace contexts are, such as `...call.context.trace` or `...(parent ?? {})`. */
const spreadTrace =
  /\.\.\.\(?(?:[\w#]+\??\.)*#?(?:trace|parent|sentUnder|answeredUnder)\b(?!\s*(?:&&|\??\.|\())/

test('no trace context is spread: its ids are getters, which a copy would lose though its type has them', async () => {
  for (const text of [
    '...trace,',
    '...parent }',
    '...call.context.trace',
    '...(parent ?? {})',
    '...this.#trace)',
  ])
    assert.match(text, spreadTrace)
  for (const text of ['...parent.context', '...(parent && { a })', '...trace.spans.values()', '...traces'])
    assert.doesNotMatch(text, spreadTrace)
  const wrong: string[] = []
  for await (const file of glob('{src,providers}/**/*.ts', { cwd: root }))
    readFileSync(join(root, file), 'utf8')
      .split('\n')
      .forEach((line, at) => {
        if (spreadTrace.test(line)) wrong.push(`${file}:${at + 1}: ${line.trim()}`)
      })
  assert.deepEqual(wrong, [], 'name what is to be copied, or hand the context on as it is')
})

test('what a file exports is used by another one, or is a public name: tests go the same way as everybody', async () => {
  const used = new Set<string>()
  const whole = new Set<string>()
  for (const { file, specifier, names, isWhole } of await importsOf('{src,providers,manifests}/**/*.ts')) {
    if (!specifier.startsWith('.')) continue
    const from = relative(root, resolve(root, dirname(file), specifier))
    if (isWhole) whole.add(from)
    for (const name of names) used.add(`${name} of ${from}`)
  }
  const idle: string[] = []
  for await (const file of glob('{src,providers}/**/*.ts', { cwd: root })) {
    // Guests import what is there for them.
    if (whole.has(file) || file.startsWith('src/telemetry/guest-sdk/')) continue
    const text = readFileSync(join(root, file), 'utf8')
    for (const [, name = ''] of text.matchAll(/^export (?:async )?(?:function\*?|const|class) (\w+)/gm))
      if (!used.has(`${name} of ${file}`)) idle.push(`${name} of ${file}`)
  }
  assert.deepEqual(idle, [])
})

interface Import {
  readonly file: string
  readonly specifier: string
  readonly isType: boolean
  /** What is imported by name. */
  readonly names: readonly string[]
  /** True for `import * as` and `import()`. */
  readonly isWhole: boolean
}

async function importsOf(pattern: string): Promise<Import[]> {
  const found: Import[] = []
  for await (const file of glob(pattern, { cwd: root })) {
    const text = readFileSync(join(root, file), 'utf8')
    for (const match of text.matchAll(
      /^(?:import|export)(\s+type)?\b([^'"`;]*?)from '([^']+)'|\bimport\('([^']+)'\)/gm,
    )) {
      const [, type, clause = '', from, fromCall] = match
      found.push({
        file,
        specifier: from ?? fromCall ?? '',
        isType: type !== undefined || fromCall !== undefined,
        names: [...clause.matchAll(/(\w+)(?: as \w+)?\s*[,}]/g)].map(([, name = '']) => name),
        isWhole: fromCall !== undefined || /\* as /.test(clause),
      })
    }
  }
  assert.ok(found.length > 100, 'the imports were found')
  return found
}

function roomOf(file: string, rooms: ReadonlyMap<string, string>): string {
  const parts = file.replace(/\.ts$/, '').split('/')
  const name = parts[0] === 'src' ? (parts[1] ?? '') : (parts[0] ?? '')
  if (ground.includes(name)) return 'ground'
  return rooms.has(name) ? name : 'main'
}

/** The cells of the first table after a heading, its head left out. */
function tableUnder(heading: string): string[][] {
  const after = page.slice(page.indexOf(heading) + heading.length)
  const lines = after
    .slice(0, after.search(/\n#/))
    .split('\n')
    .filter((line) => line.startsWith('|'))
  assert.ok(lines.length > 2, `there is a table under ${heading}`)
  return lines.slice(2).map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  )
}

function unquote(cell: string): string[] {
  return [...cell.matchAll(/`([^`]+)`/g)].map((match) => match[1] ?? '')
}
