import { WeftError } from '../../src/errors.ts'

export interface ListenOptions {
  readonly host: string
  readonly port: number
  /** How long a request may take in all, its body included. */
  readonly timeoutMs: number
}

const defaultTimeoutMs = 30_000

/** Reads a link's source config (wasmCloud's names, without case); errors name the key, the rule and the value. */
export function listenOptionsFrom(config: Readonly<Record<string, string>>): ListenOptions {
  const values = new Map(Object.entries(config).map(([key, value]) => [key.toLowerCase(), value]))
  const address = values.get('address') ?? `0.0.0.0:${values.get('port') ?? '8000'}`
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:]+)):(\d{1,5})$/.exec(address)
  const port = Number(match?.[3])
  if (!match || port > 65_535) {
    throw new WeftError(
      'invalid',
      `link config \`address\`: expected host:port such as 127.0.0.1:8000, got ${JSON.stringify(address)}`,
    )
  }
  const timeout = values.get('timeout_ms')
  if (timeout !== undefined && !/^[1-9]\d{0,9}$/.test(timeout)) {
    throw new WeftError(
      'invalid',
      `link config \`timeout_ms\`: expected milliseconds such as 30000, got ${JSON.stringify(timeout)}`,
    )
  }
  return {
    host: match[1] ?? match[2] ?? '',
    port,
    timeoutMs: timeout === undefined ? defaultTimeoutMs : Number(timeout),
  }
}
