import assert from 'node:assert/strict'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { hostFunction } from '../../src/component/host-function.ts'
import { Life } from '../../src/component/life.ts'
import { Descriptors } from '../../src/guest/held-open.ts'
import { importsFor } from '../../src/guest/imports.ts'
import { Invocation } from '../../src/guest/invocation.ts'
import type { WasiImports } from '../../src/guest/lazy-imports.ts'
import { Network } from '../../src/guest/network/network.ts'
import { Descriptor } from '../../src/guest/wasi-0-2/descriptor.ts'
import { wasi02 } from '../../src/guest/wasi-0-2/imports.ts'
import { InputStream } from '../../src/guest/wasi-0-2/input-stream.ts'
import { suspendingImports } from '../../src/guest/wasi-0-2/suspending-imports.ts'
import { TcpSocket } from '../../src/guest/wasi-0-2/tcp-socket.ts'
import { wasi03 } from '../../src/guest/wasi-0-3/imports.ts'
import type { WasiContext } from '../../src/guest/wasi-context.ts'
import { withoutVersion } from '../../src/wit/names.ts'
import { parseWitInterfaces } from '../../src/wit/parse.ts'
import { fakeServices } from '../support/guest.ts'
import { sampleCall } from '../support/sample-call.ts'

const root = join(import.meta.dirname, '..', '..')
const context: WasiContext = {
  args: [],
  environment: {},
  volumes: [],
  network: new Network(),
  descriptors: new Descriptors(),
  commit() {},
  warn() {},
  writeOutput() {},
  currentOutput: () => () => {},
  life: new Life(),
  signal: new AbortController().signal,
}

/** What a guest exports, or what is made elsewhere for the component that imports it. */
const notHere = ['wasi:cli/run', 'wasi:http/incoming-handler', 'wasi:http/handler', 'wasi:http/client']

const versions = [
  ['0.2.12', wasi02(context, {})],
  ['0.3.0', wasi03(context)],
] as const

for (const [version, imports] of versions) {
  describe(`WASI ${version}`, async () => {
    const interfaces = (await interfacesOf(version)).filter(({ id }) => !notHere.includes(withoutVersion(id)))
    const table = await readFile(join(root, 'src/guest/WASI.md'), 'utf8')
    for (const { id, functions } of interfaces) {
      const key = withoutVersion(id)
      test(`every function of ${key} has its host function, and the interface stands in WASI.md`, () => {
        const missing = functions.filter(({ name }) => isMissing(imports, key, name)).map(({ name }) => name)
        assert.deepEqual(missing, [])
        assert.ok(
          functions.length === 0 || table.includes(`\`${key.slice('wasi:'.length)}\``),
          `${key} in WASI.md`,
        )
      })
    }

    test('what may suspend is there', () => {
      const known = interfaces.flatMap(({ id, functions }) =>
        functions.map(({ name }) => `${withoutVersion(id)}#${name}`),
      )
      const others = version === '0.3.0' ? /^wasi:sockets\/types#/ : /^(?!wasi:sockets\/types#)/
      const listed = suspendingImports.filter((one) => others.test(one))
      assert.deepEqual(
        listed.filter((one) => !known.includes(one)),
        [],
      )
    })
  })
}

describe('a component', async () => {
  const text = await witOf('0.2.12')
  for (let patch = 0; patch <= 12; patch++) {
    test(`that imports WASI 0.2.${patch} gets all of it`, () => {
      const interfaces = parseWitInterfaces(text.replaceAll('0.2.12', `0.2.${patch}`))
      const imports = interfaces.filter(({ id }) => !notHere.includes(withoutVersion(id)))
      const invocation = new Invocation(sampleCall(), fakeServices())
      const given = importsFor({ imports, exports: [] }, invocation, context)
      const missing = imports.flatMap(({ id, functions }) =>
        functions
          .filter(({ name }) => isMissing(() => given[id], id, name))
          .map(({ name }) => `${id}#${name}`),
      )
      assert.deepEqual(missing, [])
      // Not what stands in for a denied interface.
      assert.equal(Reflect.get(given[`wasi:io/streams@0.2.${patch}`] ?? {}, 'InputStream'), InputStream)
      assert.equal(Reflect.get(given[`wasi:filesystem/types@0.2.${patch}`] ?? {}, 'Descriptor'), Descriptor)
      assert.equal(Reflect.get(given[`wasi:sockets/tcp@0.2.${patch}`] ?? {}, 'TcpSocket'), TcpSocket)
    })
  }
})

async function interfacesOf(version: string) {
  return parseWitInterfaces(await witOf(version))
}

async function witOf(version: string): Promise<string> {
  const folder = join(root, 'node_modules/@bytecodealliance/jco/lib/wit/builtin', version)
  const packages = await readdir(folder)
  const texts = await Promise.all(packages.map((name) => readFile(join(folder, name, 'package.wit'), 'utf8')))
  return texts.map(nested).join('\n')
}

/** `package a; …` as `package a { … }`, many of which may stand in one text. */
function nested(text: string): string {
  return `${text.replace(/^(package [^;]+);/m, '$1 {')}}`
}

/** A function that is missing is `denied` by its own name when it is called, before it looks at anything. */
function isMissing(wasi: WasiImports, key: string, name: string): boolean {
  const holder = wasi(key)
  if (holder === undefined) return true
  const [, kind, resource = '', method = ''] =
    /^\[(method|static|constructor)\]([^.]+)(?:\.(.+))?$/.exec(name) ?? []
  if (kind === undefined || kind === 'static') return hostFunction({ [key]: holder }, key, name).name === ''
  const made: unknown = Reflect.get(holder, pascalCase(resource))
  if (typeof made !== 'function') return true
  return kind === 'method' && typeof Reflect.get(made.prototype, camelCase(method)) !== 'function'
}

function camelCase(kebab: string): string {
  return kebab.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase())
}

function pascalCase(kebab: string): string {
  return camelCase(`-${kebab}`)
}
