import { RedisConnection } from './connection.ts'
import type { RedisReply } from './resp.ts'
import type { RedisAddress } from './url.ts'

/** Commands to one server: connects when first needed, and again at the next command after the connection was lost. */
export class RedisClient {
  readonly address: RedisAddress
  #connection: Promise<RedisConnection> | undefined

  constructor(address: RedisAddress) {
    this.address = address
  }

  /** Rejects with `unavailable` when the server is away; an error that it answers is a reply. */
  async send(parts: readonly (string | Uint8Array)[]): Promise<RedisReply> {
    const connection = await this.#connected()
    return connection.send(parts)
  }

  async close(): Promise<void> {
    const connection = await this.#connection?.catch(() => undefined)
    connection?.close()
  }

  #connected(): Promise<RedisConnection> {
    if (this.#connection) return this.#connection
    const forget = () => {
      if (this.#connection === opening) this.#connection = undefined
    }
    const opening = RedisConnection.open(this.address, forget)
    this.#connection = opening
    opening.catch(forget)
    return opening
  }
}
