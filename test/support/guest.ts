import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { homedir, tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import type { Call, Invoke } from '../../src/call/call.ts'
import { CallCourse } from '../../src/call/course.ts'
import type { HttpRequest, HttpResponse, HttpResult } from '../../src/capability/http.ts'
import { defaultOtelLimits, type GuestOtel } from '../../src/capability/otel.ts'
import { type LimitName, WeftError } from '../../src/errors.ts'
import { CompileQueue } from '../../src/guest/compile-queue.ts'
import { GuestComponent, type RunOptions } from '../../src/guest/component.ts'
import type { ComponentServices } from '../../src/guest/invocation.ts'
import { createLog, type LogRecord } from '../../src/log.ts'
import type { Secrets } from '../../src/secret.ts'

const root = join(import.meta.dirname, '..', '..')

/** The bytes of a guest by its path, from the top of the tree or absolute. */
export function guestBytes(path: string): Promise<Uint8Array> {
  return readFile(resolve(root, path))
}

/** Compiles and loads guests in a cache of its own, removed with `close`. */
export async function openGuests(): Promise<{
  readonly compiler: CompileQueue
  load(path: string, options?: RunOptions): Promise<GuestComponent>
  close(): Promise<void>
}> {
  const cache = await mkdtemp(join(tmpdir(), 'weft-guests-'))
  const compiler = new CompileQueue(cache)
  return {
    compiler,
    async load(path, options) {
      const { path: folder } = await compiler.compile(await guestBytes(path), path)
      return GuestComponent.load(folder, options)
    },
    async close() {
      await compiler.stop()
      await rm(cache, { recursive: true, force: true })
    },
  }
}

/** Services without a lattice: every link leads to `invoke`, log lines are kept. */
export function fakeServices(
  options: {
    readonly invoke?: Invoke
    readonly config?: Record<string, string>
    readonly secrets?: Secrets
    readonly linked?: boolean
    readonly otel?: GuestOtel
  } = {},
): ComponentServices & {
  readonly lines: LogRecord[]
  readonly limits: LimitName[]
  readonly offences: number
} {
  let offences = 0
  const lines: LogRecord[] = []
  const limits: LimitName[] = []
  return {
    lines,
    limits,
    limitHit: (limit) => limits.push(limit),
    get offences() {
      return offences
    },
    offended() {
      offences++
    },
    trapped() {},
    otel: options.otel ?? { limits: defaultOtelLimits, span() {}, log() {}, metrics() {}, dropped() {} },
    log: createLog((record) => lines.push(record)),
    config: () => options.config ?? {},
    secrets: () => options.secrets ?? {},
    linkTarget: () => (options.linked === false ? undefined : 'target'),
    leaving: (answer) => answer,
    invoke: options.invoke ?? (() => Promise.reject(new WeftError('internal', 'nothing is to be called'))),
  }
}

/** A call of component `guest` with a few seconds of time. */
export function guestCall(
  component: GuestComponent,
  name: string,
  args: readonly unknown[],
  signal?: AbortSignal,
): Call {
  const owner = component.serves.find((one) => one.functions.some((fn) => fn.name === name))
  const fn = owner?.functions.find((each) => each.name === name)
  if (!owner || !fn) throw new Error(`the component serves no ${name}`)
  return {
    source: 'test',
    target: 'guest',
    operation: { interface: owner.id, function: fn },
    args,
    context: {
      trace: { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), sampled: true, traceState: '' },
      baggage: '',
      deadline: Date.now() + 20_000,
      linkName: 'default',
    },
    signal: signal ?? new AbortController().signal,
    course: new CallCourse(),
  }
}

export interface Answer {
  readonly response: HttpResponse
  readonly text: string
}

/** Sends one HTTP request into a component and reads the whole answer. */
export async function fetchFrom(
  component: GuestComponent,
  path: string,
  options: {
    readonly services?: ComponentServices
    readonly method?: string
    readonly body?: AsyncIterable<Uint8Array>
    readonly headers?: HttpRequest['headers']
    readonly signal?: AbortSignal
    /** Milliseconds until the call's deadline. */
    readonly withinMs?: number
  } = {},
): Promise<Answer> {
  const made = guestCall(component, 'handle', [requestTo(path, options)], options.signal)
  const deadline = Date.now() + (options.withinMs ?? 20_000)
  const call = { ...made, context: { ...made.context, deadline } }
  const result = (await component.run(call, options.services ?? fakeServices())) as HttpResult
  if (result.tag === 'err') throw new Error(`error-code ${result.val.tag}`)
  const chunks: Uint8Array[] = []
  for await (const chunk of result.val.body) chunks.push(chunk)
  await call.course.held
  return { response: result.val, text: Buffer.concat(chunks).toString() }
}

export function requestTo(
  path: string,
  { method, body, headers }: Parameters<typeof fetchFrom>[2] & object,
): HttpRequest {
  return {
    method: { tag: method ?? 'get' },
    pathWithQuery: path,
    scheme: { tag: 'HTTP' },
    authority: 'localhost',
    headers: headers ?? [],
    body: body ?? noBytes(),
    trailers: Promise.resolve(undefined),
  }
}

async function* noBytes(): AsyncGenerator<Uint8Array> {}

/**
 * A guest that is too large for the tree: what its tests are skipped with while nobody has built it, and its path. A test
 * that skips says what builds it.
 */
export function largeGuest(name: string): { readonly path: string; readonly skip: string | false } {
  const cache = join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'weft', 'guests')
  const path = join(cache, `${name}.wasm`)
  return { path, skip: !existsSync(path) && `not built: node manifests/build.ts ${name}` }
}
