import { readFile } from 'node:fs/promises'
import type { HttpRequest, HttpResponse, HttpResult } from '../../../src/capability/http.ts'
import { Instance } from '../../../src/component/instance.ts'
import { Life } from '../../../src/component/life.ts'
import { Pace } from '../../../src/component/pace.ts'
import { prepare } from '../../../src/component/prepare.ts'
import { WeftError } from '../../../src/errors.ts'
import { compile } from '../../../src/guest/compile.ts'
import { Descriptors } from '../../../src/guest/held-open.ts'
import type { WasiImports } from '../../../src/guest/lazy-imports.ts'
import { Network } from '../../../src/guest/network/network.ts'
import { handleIncoming, type IncomingExchange } from '../../../src/guest/wasi-0-2/handle-incoming.ts'
import { type Wasi02Ports, wasi02 } from '../../../src/guest/wasi-0-2/imports.ts'
import type { WasiContext } from '../../../src/guest/wasi-context.ts'
import { withoutVersion } from '../../../src/wit/names.ts'

const handlerExport = 'wasi:http/incoming-handler@0.2.12'

/** One invocation of the probe in an instance of its own. */
export interface ProbeRun extends IncomingExchange {
  /** What the guest has written to stdout and stderr so far. */
  output(stream: 'stdout' | 'stderr'): string
  readonly abort: AbortController
}

export interface Probe {
  run(request: HttpRequest, options?: Wasi02Ports & Partial<WasiContext>): Promise<ProbeRun>
}

/** Compiles probe.wasm as the host does and gives back what runs it. */
export async function loadProbe(): Promise<Probe> {
  const { world, program, modules } = compile(
    await readFile(new URL('probe/probe.wasm', import.meta.url)),
    'probe.wasm',
  )
  const parts = {
    program: prepare(program),
    modules: modules.map(({ bytes, info }) => ({
      info,
      module: new WebAssembly.Module(bytes as BufferSource),
    })),
    limits: { bufferedBytes: 100_000_000, handles: 10_000, tableElements: 1e6, memoryBytes: 100_000_000 },
    pace: new Pace(),
  }
  const ids = world.imports.map(({ id }) => id)
  return {
    async run(request, options) {
      return run(
        (imports) => new Instance({ ...parts, imports: versioned(ids, imports) }),
        request,
        options ?? {},
      )
    },
  }
}

function versioned(ids: readonly string[], imports: WasiImports): Record<string, object> {
  return Object.fromEntries(ids.map((id) => [id, imports(withoutVersion(id)) ?? {}]))
}

function run(
  instantiate: (imports: WasiImports) => Instance,
  request: HttpRequest,
  options: Wasi02Ports & Partial<WasiContext>,
): ProbeRun {
  const abort = new AbortController()
  const written = { stdout: '', stderr: '' }
  const life = new Life()
  const context: WasiContext = {
    args: [],
    environment: {},
    volumes: [],
    network: new Network(),
    descriptors: new Descriptors(),
    commit() {},
    warn() {},
    currentOutput: () => context.writeOutput,
    writeOutput: (stream, bytes) => {
      written[stream] += Buffer.from(bytes).toString()
    },
    life,
    signal: life.signal,
    ...options,
  }
  const instance = instantiate(wasi02(context, options))
  abort.signal.addEventListener('abort', () => {
    life.end(abort.signal.reason)
    instance.fail(abort.signal.reason)
  })
  const task = { owner: undefined, deadline: Date.now() + 60_000 }
  const handler = {
    handle: (...args: unknown[]) =>
      instance.call({ interface: handlerExport, name: 'handle' }, args, task).exited,
  }
  const exchange = handleIncoming(handler, request, { signal: context.signal, failed: WeftError.from })
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
