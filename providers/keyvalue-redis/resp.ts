/** An error that the server answered with; `code` is its first word, such as `WRONGTYPE`. */
export class RedisError extends Error {
  readonly code: string
  constructor(message: string) {
    super(message)
    this.code = /^[A-Z]+\b/.exec(message)?.[0] ?? 'ERR'
  }
}

/** What a server answers: simple strings as text, bulk strings as bytes. */
export type RedisReply = string | bigint | Uint8Array | null | RedisError | readonly RedisReply[]

/** A command as RESP2 has it: an array of bulk strings (https://redis.io/docs/latest/develop/reference/protocol-spec/). */
export function encodeCommand(parts: readonly (string | Uint8Array)[]): Uint8Array {
  const pieces: (Buffer | Uint8Array)[] = [Buffer.from(`*${parts.length}\r\n`)]
  for (const part of parts) {
    const bytes = typeof part === 'string' ? Buffer.from(part) : part
    pieces.push(Buffer.from(`$${bytes.byteLength}\r\n`), bytes, lineEnd)
  }
  return Buffer.concat(pieces)
}

const lineEnd = Buffer.from('\r\n')
/** Arrays of commands' answers are flat or nearly so; a server that nests deeper is none. */
const mostDepth = 8

/** Takes bytes as they come and gives the replies that are whole. Throws when the bytes are not RESP2. */
export class RespReader {
  #chunks: Uint8Array[] = []
  #length = 0
  /** A reply is not whole before there are so many bytes. */
  #needed = 0

  push(chunk: Uint8Array): RedisReply[] {
    this.#chunks.push(chunk)
    this.#length += chunk.byteLength
    if (this.#length < this.#needed) return []
    const cursor = { bytes: Buffer.concat(this.#chunks), at: 0, needed: 0 }
    const replies: RedisReply[] = []
    let end = 0
    for (let reply = read(cursor, 0); reply !== undefined; reply = read(cursor, 0)) {
      replies.push(reply)
      end = cursor.at
    }
    const rest = cursor.bytes.subarray(end)
    this.#chunks = [rest]
    this.#length = rest.byteLength
    this.#needed = cursor.needed - end
    return replies
  }
}

interface Cursor {
  readonly bytes: Buffer
  at: number
  needed: number
}

/** The next reply; undefined when it is not whole yet. */
function read(cursor: Cursor, depth: number): RedisReply | undefined {
  const end = cursor.bytes.indexOf('\r\n', cursor.at)
  if (end < 0) return undefined
  const kind = cursor.bytes.toString('latin1', cursor.at, cursor.at + 1)
  const line = cursor.bytes.toString('utf8', cursor.at + 1, end)
  cursor.at = end + 2
  if (kind === '+') return line
  if (kind === '-') return new RedisError(line)
  if (kind === ':') return BigInt(line)
  if (kind === '$') return readBulk(cursor, lengthFrom(line))
  if (kind === '*' && depth < mostDepth) return readArray(cursor, lengthFrom(line), depth)
  throw new Error(`not a Redis server: it answered ${JSON.stringify((kind + line).slice(0, 40))}`)
}

function readBulk(cursor: Cursor, length: number): Uint8Array | null | undefined {
  if (length < 0) return null
  const end = cursor.at + length
  cursor.needed = end + 2
  if (cursor.needed > cursor.bytes.length) return undefined
  const bytes = cursor.bytes.subarray(cursor.at, end)
  cursor.at = end + 2
  return bytes
}

function readArray(cursor: Cursor, length: number, depth: number): RedisReply[] | null | undefined {
  if (length < 0) return null
  const items: RedisReply[] = []
  for (let index = 0; index < length; index += 1) {
    const item = read(cursor, depth + 1)
    if (item === undefined) return undefined
    items.push(item)
  }
  return items
}

function lengthFrom(line: string): number {
  if (/^(-1|\d{1,10})$/.test(line)) return Number(line)
  throw new Error(`not a Redis server: a length of ${JSON.stringify(line.slice(0, 40))}`)
}
