import { connect, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { WeftError } from '../../src/errors.ts'
import { encodeCommand, RedisError, type RedisReply, RespReader } from './resp.ts'
import type { RedisAddress } from './url.ts'

/** A server that says nothing for so long while it owes an answer is taken for dead. */
const silenceMs = 10_000
const connectMs = 5_000
/** Commands that wait for their answer; more than that is a server that has stopped. */
const mostPending = 10_000

interface Pending {
  resolve(reply: RedisReply): void
  reject(error: WeftError): void
}

/** One connection: commands go out as they come, answers come in the same order. */
export class RedisConnection {
  readonly #socket: Socket
  readonly #name: string
  readonly #pending: Pending[] = []
  readonly #onEnd: () => void
  #failure: WeftError | undefined

  private constructor(socket: Socket, name: string, onEnd: () => void) {
    this.#socket = socket
    this.#name = name
    this.#onEnd = onEnd
    const reader = new RespReader()
    socket.on('data', (chunk: Buffer) => {
      try {
        for (const reply of reader.push(chunk)) this.#pending.shift()?.resolve(reply)
      } catch (error) {
        this.#end(WeftError.from(error).message)
      }
    })
    socket.setKeepAlive(true)
    socket.setNoDelay(true)
    socket.setTimeout(silenceMs, () => {
      if (this.#pending.length > 0) this.#end(`no answer for ${silenceMs} ms`)
    })
    socket.on('error', (error) => this.#end(error.message))
    for (const ending of ['end', 'close']) socket.on(ending, () => this.#end('it closed the connection'))
  }

  /** Connects, logs in and chooses the database. `onEnd` comes once, when the connection is of no more use. */
  static async open(address: RedisAddress, onEnd: () => void): Promise<RedisConnection> {
    const name = `Redis at ${address.host}:${address.port}`
    const connection = new RedisConnection(await connected(address, name), name, onEnd)
    try {
      const { username, password, database } = address
      if (password !== '') await connection.must('AUTH', username === '' ? [password] : [username, password])
      if (database !== 0) await connection.must('SELECT', [String(database)])
      return connection
    } catch (error) {
      connection.close()
      throw error
    }
  }

  send(parts: readonly (string | Uint8Array)[]): Promise<RedisReply> {
    return new Promise((resolve, reject) => {
      if (this.#failure) return reject(this.#failure)
      if (this.#pending.length >= mostPending)
        return reject(new WeftError('exhausted', `${this.#name}: ${mostPending} commands wait for an answer`))
      this.#pending.push({ resolve, reject })
      this.#socket.write(encodeCommand(parts))
    })
  }

  close(): void {
    this.#end('it is being closed')
  }

  private async must(command: string, args: readonly string[]): Promise<void> {
    const reply = await this.send([command, ...args])
    if (reply instanceof RedisError)
      throw new WeftError('denied', `${this.#name} refused ${command}: ${reply.message}`)
  }

  #end(why: string): void {
    if (this.#failure) return
    this.#failure = new WeftError('unavailable', `${this.#name}: ${why}`)
    this.#onEnd()
    for (const { reject } of this.#pending.splice(0)) reject(this.#failure)
    this.#socket.destroy()
  }
}

function connected({ host, port, tls }: RedisAddress, name: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const ready = () => {
      socket.off('error', failed)
      socket.setTimeout(0)
      resolve(socket)
    }
    const failed = (error: Error) => {
      socket.destroy()
      reject(new WeftError('unavailable', `${name}: cannot connect: ${error.message}`, { cause: error }))
    }
    const socket = tls ? connectTls({ host, port, servername: host }, ready) : connect({ host, port }, ready)
    socket.setTimeout(connectMs, () => failed(new Error(`no answer for ${connectMs} ms`)))
    socket.once('error', failed)
  })
}
