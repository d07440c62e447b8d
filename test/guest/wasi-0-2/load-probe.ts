import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { transpile } from '@bytecodealliance/jco'
import type { HttpRequest, HttpResponse, HttpResult } from '../../../src/capability/http.ts'
import { rethrowImportErrors } from '../../../src/guest/rethrow-import-errors.ts'
import {
  handleIncoming,
  type IncomingExchange,
  type IncomingHandler,
} from '../../../src/guest/wasi-0-2/handle-incoming.ts'
import { type Wasi02Ports, wasi02 } from '../../../src/guest/wasi-0-2/imports.ts'
import { suspendingImports } from '../../../src/guest/wasi-0-2/suspending-imports.ts'
import type { WasiContext } from '../../../src/guest/wasi-context.ts'

const version = '@0.2.12'
const handlerExport = `wasi:http/incoming-handler${version}`

/** One invocation of the probe in an instance of its own. */
export interface ProbeRun extends IncomingExchange {
  /** What the guest has written to stdout and stderr so far. */
  output(stream: 'stdout' | 'stderr'): string
  readonly abort: AbortController
}

export interface Probe {
  run(request: HttpRequest, options?: Wasi02Ports & Partial<WasiContext>): Promise<ProbeRun>
}

/** Transpiles probe.wasm as the host does and gives back what runs it. */
export async function loadProbe(): Promise<Probe> {
  const { files } = await transpile(await readFile(new URL('probe/probe.wasm', import.meta.url)), {
    name: 'probe',
    instantiation: 'async',
    asyncMode: 'jspi',
    asyncImports: suspendingImports.map((name) => name.replace('#', `${version}#`)),
    asyncExports: [`${handlerExport}#handle`],
    wasiShim: false,
    nodejsCompat: false,
  })
  const modules = new Map<string, WebAssembly.Module>()
  const folder = await mkdtemp(join(tmpdir(), 'weft-probe-'))
  try {
    for (const [name, bytes] of Object.entries(files)) {
      if (name.endsWith('.wasm')) modules.set(name, await WebAssembly.compile(bytes as BufferSource))
    }
    const script = Buffer.from(files['probe.js'] ?? '').toString()
    await writeFile(join(folder, 'probe.mjs'), rethrowImportErrors(script))
    const glue = await import(pathToFileURL(join(folder, 'probe.mjs')).href)
    return { run: (request, options) => run(glue.instantiate, modules, request, options ?? {}) }
  } finally {
    await rm(folder, { recursive: true })
  }
}

async function run(
  instantiate: (...args: readonly unknown[]) => Promise<Record<string, unknown>>,
  modules: ReadonlyMap<string, WebAssembly.Module>,
  request: HttpRequest,
  options: Wasi02Ports & Partial<WasiContext>,
): Promise<ProbeRun> {
  const abort = new AbortController()
  const written = { stdout: '', stderr: '' }
  const context: WasiContext = {
    args: [],
    environment: {},
    writeOutput: (stream, bytes) => {
      written[stream] += Buffer.from(bytes).toString()
    },
    signal: abort.signal,
    ...options,
  }
  const imports = wasi02(context, options)
  const instance = await instantiate((name: string) => modules.get(name), imports)
  const exchange = handleIncoming(instance[handlerExport] as IncomingHandler, request, context.signal)
  return { ...exchange, output: (stream) => written[stream], abort }
}

/** A request for `path`; GET without a body unless there is one. */
export function requestFor(path: string, body?: AsyncIterable<Uint8Array>): HttpRequest {
  return {
    method: { tag: body ? 'post' : 'get' },
    pathWithQuery: path,
    scheme: { tag: 'HTTP' },
    authority: 'probe.test',
    headers: [],
    body: body ?? chunksOf(),
    trailers: Promise.resolve(undefined),
  }
}

export async function* chunksOf(...texts: readonly string[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) yield Buffer.from(text)
}

export async function okOf(response: Promise<HttpResult>): Promise<HttpResponse> {
  const result = await response
  if (result.tag === 'err') throw new Error(`expected a response, got ${result.val.tag}`)
  return result.val
}

export async function textOf(body: AsyncIterable<Uint8Array>): Promise<string> {
  return Buffer.concat(await Array.fromAsync(body)).toString()
}
