import type { Msg, NatsConnection, NodeConnectionOptions, Subscription } from 'nats'
import { AuthorizationError, connect, UserAuthenticationExpiredError } from 'nats'
import { WeftError } from '../errors.ts'
import type { Log } from '../log.ts'
import type { NatsLogin } from '../nats-login.ts'
import { loginOptions } from './login-options.ts'

export interface ConnectNatsOptions {
  /** `nats://[user:password@]host:port` or `tls://…`; `nats://token@host` gives a token. Several: separated by commas. */
  readonly url: string
  /** The connection's name, as `nats server report connections` shows it. */
  readonly name: string
  readonly login?: NatsLogin | undefined
  /** False where no bucket is opened. Default true. */
  readonly jetstream?: boolean
  /** How long the first connect may take, in ms. Default 5000. */
  readonly timeoutMs?: number
  readonly log?: Log
  /** Told each time that the connection was lost and is back. */
  readonly onReconnect?: () => void
}

/** Below it a server takes TTLs, filters and the like without a word and does nothing. */
const leastServer = { major: 2, minor: 10 }
const reconnectWaitMs = 500
/** A half-open connection is noticed after two of these; the client's default of two minutes is too long for a host. */
const pingIntervalMs = 10_000

/**
 * Connects to NATS. The first connect fails at once with what to do about it; a connection lost later is restored for
 * ever, with a log line at each turn.
 */
export async function connectNats(options: ConnectNatsOptions): Promise<NatsConnection> {
  const connection = await connect(await clientOptions(options)).catch((cause: unknown) => {
    throw explain(cause, options.url)
  })
  const problem = serverProblem(connection, options)
  if (problem !== undefined) {
    await connection.close()
    throw new WeftError('unavailable', problem)
  }
  if (options.log) void logStatus(connection, options.log, options.onReconnect)
  return connection
}

/**
 * Subscribes with a callback that cannot hurt: whatever it throws, at once or later, becomes a log line. (An exception
 * in a bare callback kills the read loop of the whole connection.)
 */
export function subscribeGuarded(
  connection: NatsConnection,
  subject: string,
  options: {
    readonly onMessage: (message: Msg) => void | Promise<void>
    readonly log: Log
    readonly queue?: string
  },
): Subscription {
  const failed = atMostOften((error: unknown, left) =>
    options.log.error('a message could not be handled', {
      subject,
      error: WeftError.from(error).message,
      ...(left > 0 && { others: left }),
    }),
  )
  return connection.subscribe(subject, {
    ...(options.queue === undefined ? {} : { queue: options.queue }),
    callback: (error, message) => {
      if (error) return failed(error)
      try {
        void Promise.resolve(options.onMessage(message)).catch(failed)
      } catch (thrown) {
        failed(thrown)
      }
    },
  })
}

/** How often a second a subject may say what is wrong with its messages: who floods it must not flood the log. */
const mostComplaints = 5

/** Calls `tell` a few times a second at most; `left` counts the calls that were left out before. */
function atMostOften(tell: (error: unknown, left: number) => void): (error: unknown) => void {
  let second = 0
  let told = 0
  let left = 0
  return (error) => {
    const now = Math.floor(performance.now() / 1000)
    if (now !== second) told = 0
    second = now
    if (told >= mostComplaints) {
      left += 1
      return
    }
    told += 1
    tell(error, left)
    left = 0
  }
}

/** The url without its user and password, for people. */
export function withoutSecrets(url: string): string {
  return url.replaceAll(/\/\/[^@/,]*@/g, '//')
}

async function clientOptions(options: ConnectNatsOptions): Promise<NodeConnectionOptions> {
  const urls = options.url.split(',').map(parseUrl)
  const { username, password } = urls[0] ?? new URL('nats://127.0.0.1')
  const login =
    username === ''
      ? {}
      : password === ''
        ? { token: decodeURIComponent(username) }
        : { user: decodeURIComponent(username), pass: decodeURIComponent(password) }
  return {
    servers: urls.map((url) => `${url.hostname}:${url.port === '' ? '4222' : url.port}`),
    name: options.name,
    ...login,
    ...(await loginOptions(options.login ?? {}, {
      urlAsksForTls: urls.some((url) => url.protocol === 'tls:'),
    })),
    timeout: options.timeoutMs ?? 5000,
    maxReconnectAttempts: -1,
    reconnectTimeWait: reconnectWaitMs,
    ignoreAuthErrorAbort: true,
    pingInterval: pingIntervalMs,
  }
}

function parseUrl(text: string): URL {
  const whole = text.includes('://') ? text.trim() : `nats://${text.trim()}`
  const url = URL.canParse(whole) ? new URL(whole) : undefined
  if (url && (url.protocol === 'nats:' || url.protocol === 'tls:') && url.hostname !== '') return url
  throw new WeftError(
    'invalid',
    `NATS url ${withoutSecrets(text)}: expected nats://host:port or tls://host:port`,
  )
}

function explain(cause: unknown, secretUrl: string): WeftError {
  const url = withoutSecrets(secretUrl)
  if (cause instanceof AuthorizationError || cause instanceof UserAuthenticationExpiredError) {
    return new WeftError(
      'denied',
      `NATS at ${url} refused the login: ${cause.message}. Check --nats-creds, or --nats-jwt and --nats-seed`,
      {
        cause,
      },
    )
  }
  const text = cause instanceof Error ? cause.message : String(cause)
  if (/refused|ENOTFOUND|EHOSTUNREACH|ENETUNREACH|getaddrinfo/i.test(text)) {
    const hint = 'Start a lattice with `weft up`, or name another server with --nats-url'
    return new WeftError('unavailable', `no NATS server listens at ${url}. ${hint}`, { cause })
  }
  return new WeftError('unavailable', `cannot connect to NATS at ${url}: ${text}`, { cause })
}

function serverProblem(connection: NatsConnection, options: ConnectNatsOptions): string | undefined {
  const { version = '0', jetstream } = connection.info ?? {}
  const url = withoutSecrets(options.url)
  if (isOlderThanSupported(version)) {
    const why = 'which silently ignores TTLs and consumer filters'
    return `NATS server ${version} at ${url} is older than 2.10, ${why}; use 2.10 or newer (\`weft up\` brings one)`
  }
  if (options.jetstream !== false && jetstream !== true) {
    return `NATS server at ${url} runs without JetStream, where a lattice keeps its links and configuration; start it with -js`
  }
  return undefined
}

/** True for a server version that Weft refuses. */
export function isOlderThanSupported(version: string): boolean {
  const [major = 0, minor = 0] = version
    .replace(/^v/, '')
    .split('.')
    .map((part) => Number.parseInt(part, 10))
  return major < leastServer.major || (major === leastServer.major && minor < leastServer.minor)
}

async function logStatus(connection: NatsConnection, log: Log, onReconnect = () => {}): Promise<void> {
  for await (const status of connection.status()) {
    if (status.type === 'disconnect')
      log.warn('NATS connection lost; reconnecting', { server: status.server })
    else if (status.type === 'reconnect') {
      log.info('NATS connection is back', { server: status.server })
      onReconnect()
    } else if (status.type === 'staleConnection') log.warn('NATS does not answer pings')
    else if (status.type === 'ldm') log.warn('NATS server is about to stop', { server: status.server })
    else if (status.type === 'error') log.warn('NATS reports an error', { error: status.error.message })
  }
}
