import { WeftError } from '../errors.ts'
import { latticeOf } from '../lattice/state-file.ts'
import { defaultControlPrefix, isOneToken } from '../lattice/subjects.ts'
import type { NatsLogin } from '../nats-login.ts'
import type { CommandInput, Flags } from './command.ts'
import { flagOrVariable, isOn } from './variables.ts'

/** Where a lattice's NATS is, and how to log in there. */
export interface LatticeNats {
  readonly natsUrl: string
  readonly natsLogin: NatsLogin
  readonly lattice: string
  /** Where control requests go. */
  readonly controlPrefix: string
}

/** Flags of a host whose calls go over another connection than its control requests. */
export const rpcFlags = {
  'rpc-url': {
    type: 'string',
    value: 'URL',
    help: 'NATS server for calls, when it is another (env WEFT_RPC_URL)',
  },
  'rpc-creds': { type: 'string', value: 'FILE', help: 'credentials file for it (env WEFT_RPC_CREDS)' },
  'rpc-jwt': { type: 'string', value: 'JWT', help: 'user JWT for it, or a file (env WEFT_RPC_JWT)' },
  'rpc-seed': { type: 'string', value: 'SEED', help: 'user seed for it, or a file (env WEFT_RPC_SEED)' },
} as const satisfies Flags

/** The lattice that flags, environment or this machine name, with the login for its NATS. */
export async function natsFrom(input: CommandInput): Promise<LatticeNats> {
  const { flags, terminal } = input
  const { url, lattice } = await latticeOf(
    { natsUrl: flags['nats-url'] as string | undefined, lattice: flags['lattice'] as string | undefined },
    terminal.env,
  )
  return { natsUrl: url, lattice, natsLogin: loginFrom(input, 'nats'), controlPrefix: prefixFrom(input) }
}

function prefixFrom(input: CommandInput): string {
  const prefix = flagOrVariable(input, 'ctl-topic-prefix') ?? defaultControlPrefix
  if (prefix.split('.').every(isOneToken)) return prefix
  throw new WeftError(
    'invalid',
    `--ctl-topic-prefix: expected the beginning of a NATS subject such as wasmbus.ctl, got ${JSON.stringify(prefix)}`,
  )
}

/** The server and login for calls; undefined when no `--rpc-…` says that they differ. */
export function rpcFrom(
  input: CommandInput,
  control: LatticeNats,
): { readonly natsUrl: string; readonly natsLogin: NatsLogin } | undefined {
  const url = flagOrVariable(input, 'rpc-url')
  const { creds, jwt, seed } = loginFrom(input, 'rpc')
  const hasLogin = creds !== undefined || jwt !== undefined || seed !== undefined
  if (url === undefined && !hasLogin) return undefined
  const login = hasLogin ? { ...control.natsLogin, creds, jwt, seed } : control.natsLogin
  return { natsUrl: url ?? control.natsUrl, natsLogin: login }
}

function loginFrom(input: CommandInput, prefix: 'nats' | 'rpc'): NatsLogin {
  return {
    creds: flagOrVariable(input, `${prefix}-creds`),
    jwt: flagOrVariable(input, `${prefix}-jwt`),
    seed: flagOrVariable(input, `${prefix}-seed`),
    tls: isOn(input, `${prefix}-tls`),
    tlsCa: flagOrVariable(input, `${prefix}-tls-ca`),
    tlsFirst: isOn(input, `${prefix}-tls-first`),
  }
}
