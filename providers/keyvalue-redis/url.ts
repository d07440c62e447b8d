import { WeftError } from '../../src/errors.ts'

/** Where a Redis server is and how to log in. */
export interface RedisAddress {
  readonly host: string
  readonly port: number
  readonly tls: boolean
  readonly username: string
  readonly password: string
  readonly database: number
}

const example = 'redis://127.0.0.1:6379/0'

/** Reads `redis://[user:password@]host[:port][/database]`, or `rediss://` for TLS. The error keeps the password to itself. */
export function parseRedisUrl(text: string): RedisAddress {
  const url = URL.canParse(text) ? new URL(text) : undefined
  const database = /^\/?(\d{0,5})$/.exec(url?.pathname ?? '')?.[1]
  if (!url || !/^rediss?:$/.test(url.protocol) || url.hostname === '' || database === undefined) {
    const shown = text.replace(/\/\/[^@]*@/, '//…@')
    throw new WeftError(
      'invalid',
      `link config \`URL\`: expected ${example} or the like, got ${JSON.stringify(shown)}`,
    )
  }
  return {
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port === '' ? 6379 : Number(url.port),
    tls: url.protocol === 'rediss:',
    username: decodeURIComponent(url.username),
    password: decodeURIComponent(url.password),
    database: Number(database),
  }
}
