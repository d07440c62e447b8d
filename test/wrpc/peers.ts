import { connect, type Msg, type MsgCallback, type NatsConnection } from 'nats'
import type { Call, Invoke } from '../../src/call/call.ts'
import { CallCourse } from '../../src/call/course.ts'
import { createLog, type LogRecord } from '../../src/log.ts'
import { parseWitInterfaces } from '../../src/wit/parse.ts'
import type { WitInterface } from '../../src/wit/type.ts'
import { openInbox, type WrpcInbox } from '../../src/wrpc/inbox.ts'
import { invokeOver } from '../../src/wrpc/invoke.ts'
import { type ServeOptions, type Serving, serveOperations } from '../../src/wrpc/serve.ts'

/** The functions that the tests of this room call. */
export const testInterfaces: readonly WitInterface[] = parseWitInterfaces(`
package test:calls@0.1.0;
interface all {
  record point { x: u32, y-axis: s64, tags: list<string> }
  variant shape { empty, circle(f64), path(list<point>) }
  resource bucket { constructor(name: string); get: func(key: string) -> option<list<u8>>; }
  record body { content: stream<u8>, trailers: future<option<string>> }

  echo: func(text: string) -> string;
  move: func(p: point, s: shape) -> result<tuple<point, shape>, string>;
  big: func(data: list<u8>) -> list<u8>;
  count: func(data: list<u8>) -> u32;
  note: func(text: string);
  nothing: func();
  now: func() -> u64;
  upload: func(content: stream<u8>) -> u64;
  download: func(size: u64) -> stream<u8>;
  pipe: func(b: body) -> result<body, string>;
  numbers: func(n: stream<u32>) -> stream<u32>;
  later: func(f: future<future<string>>) -> future<future<string>>;
  streams: func(n: u32) -> stream<stream<u8>>;
}`)

const [all] = testInterfaces

/** A connection with its inbox, and calls over it. */
export interface Peer {
  readonly connection: NatsConnection
  readonly inbox: WrpcInbox
  readonly invoke: Invoke
  readonly lines: LogRecord[]
  serve(invoke: Invoke, more?: Partial<ServeOptions>): Promise<Serving>
  call(name: string, args: readonly unknown[], more?: CallMore): Promise<unknown>
}

export type CallMore = Partial<Pick<Call, 'target' | 'signal' | 'course'> & Call['context']>

/** Connects a peer of the lattice `test` that serves as `server` and calls as `client`. */
export async function connectPeer(url: string): Promise<Peer> {
  const connection = await connect({ servers: url })
  const inbox = openInbox(connection)
  const lines: LogRecord[] = []
  const log = createLog((line) => lines.push(line))
  const invoke = invokeOver({ connection, inbox, lattice: 'test', log })
  return {
    connection,
    inbox,
    invoke,
    lines,
    serve: (handler, more) =>
      serveOperations({
        connection,
        inbox,
        lattice: 'test',
        id: 'server',
        interfaces: testInterfaces,
        invoke: handler,
        log,
        defaultTimeoutMs: 5000,
        ...more,
      }),
    call: (name, args, more) => invoke(callOf(name, args, more)),
  }
}

/** A call of a function of the test interface to `server`, with 5 s to go. */
export function callOf(name: string, args: readonly unknown[], more: CallMore = {}): Call {
  return {
    source: 'client',
    target: more.target ?? 'server',
    operation: { interface: all?.id ?? '', function: functionNamed(name) },
    args,
    context: {
      trace: more.trace,
      baggage: more.baggage ?? '',
      deadline: more.deadline ?? Date.now() + 5000,
      linkName: more.linkName ?? 'default',
    },
    signal: more.signal ?? new AbortController().signal,
    course: more.course ?? new CallCourse(),
  }
}

/** The subject of a function of the test interface. */
export function subjectOf(name: string): string {
  return `test.server.wrpc.0.0.1.test:calls/all@0.1.0.${name}`
}

function functionNamed(name: string) {
  const found = all?.functions.find((candidate) => candidate.name === name)
  if (found === undefined) throw new Error(`no function ${name}`)
  return found
}

/** Answers as the names of the functions say. */
export const answerAll: Invoke = async (call) => {
  const [first, second] = call.args
  switch (call.operation.function.name) {
    case 'move':
      return { tag: 'ok', val: [first, second] }
    case 'count':
      return first instanceof Uint8Array ? first.length : 0
    case 'now':
      return BigInt(Date.now())
    case 'upload':
      return BigInt((await bytesOf(first)).length)
    case 'download':
      return bytesInChunks(Number(first))
    case 'pipe':
      return { tag: 'ok', val: first }
    case 'streams':
      return streamsOfBytes(Number(first))
    case '[constructor]bucket':
      return new TextEncoder().encode(String(first))
    case '[method]bucket.get':
      return first
    default:
      return first
  }
}

async function* streamsOfBytes(count: number) {
  for (let index = 0; index < count; index++) yield [bytesInChunks(index * 1000)]
}

/** A stream of so many bytes; the nth byte is n mod 251. */
export async function* bytesInChunks(size: number, chunk = 100_000): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < size; at += chunk) {
    yield Uint8Array.from({ length: Math.min(chunk, size - at) }, (_, index) => (at + index) % 251)
  }
}

/** All bytes of a stream. */
export async function bytesOf(stream: unknown): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  for await (const chunk of stream as AsyncIterable<Uint8Array>) chunks.push(chunk)
  return new Uint8Array(Buffer.concat(chunks))
}

/** All elements of a stream. */
export async function elementsOf(stream: unknown): Promise<unknown[]> {
  const elements: unknown[] = []
  for await (const chunk of stream as AsyncIterable<unknown[]>) elements.push(...chunk)
  return elements
}

/** A subscription callback that keeps the messages. */
export function keepIn(messages: Msg[]): MsgCallback<Msg> {
  return (_, message) => {
    messages.push(message)
  }
}
