import type { ParseArgsOptionDescriptor } from 'node:util'

/** One flag of a command, as `node:util` parses it, with a line of help. */
export interface FlagDescription extends ParseArgsOptionDescriptor {
  readonly help: string
  /** What stands for the value in the help, such as `URL`. */
  readonly value?: string
}

export type Flags = Readonly<Record<string, FlagDescription>>

/** Where a command reads and writes. */
export interface Terminal {
  readonly env: Readonly<Record<string, string | undefined>>
  out(text: string): void
  err(text: string): void
  /** True when `out` is a terminal that takes colour. */
  readonly isColour: boolean
  /** Columns of the terminal; 100 when there is none. */
  readonly width: number
  /** Aborted by Ctrl-C and SIGTERM. A command that has something to put away listens to it. */
  readonly signal: AbortSignal
}

export interface CommandInput {
  readonly terminal: Terminal
  /** What stands behind the command's name, flags taken out. */
  readonly args: readonly string[]
  readonly flags: Readonly<Record<string, string | boolean | readonly (string | boolean)[] | undefined>>
}

/** A `weft` command; one file in `cli/` each. */
export interface Command {
  readonly name: string
  /** One line for the list of commands. */
  readonly summary: string
  /** Lines such as `weft get hosts [flags]`. */
  readonly usage: readonly string[]
  readonly examples: readonly { readonly run: string; readonly does: string }[]
  readonly flags: Flags
  /** Gives the exit code: 0 done, 1 failed, 2 the input was wrong. A `WeftError` thrown is printed; `invalid` exits with 2. */
  run(input: CommandInput): Promise<number>
}

/** The flags that find the lattice; every command that talks to one has them. */
export const latticeFlags = {
  'nats-url': {
    type: 'string',
    value: 'URL',
    help: 'NATS server (env WEFT_NATS_URL; default: the lattice that runs on this machine)',
  },
  lattice: { type: 'string', value: 'NAME', help: 'lattice (env WEFT_LATTICE; default: default)' },
  'ctl-topic-prefix': {
    type: 'string',
    value: 'PREFIX',
    help: 'where control requests go (env WEFT_CTL_TOPIC_PREFIX; default wasmbus.ctl)',
  },
  'nats-creds': { type: 'string', value: 'FILE', help: 'NATS credentials file (env WEFT_NATS_CREDS)' },
  'nats-jwt': { type: 'string', value: 'JWT', help: 'NATS user JWT, or a file with it (env WEFT_NATS_JWT)' },
  'nats-seed': {
    type: 'string',
    value: 'SEED',
    help: 'NATS user seed (SU…), or a file with it (env WEFT_NATS_SEED)',
  },
  'nats-tls': { type: 'boolean', help: 'refuse a NATS server without TLS (env WEFT_NATS_TLS=true)' },
  'nats-tls-ca': {
    type: 'string',
    value: 'FILE',
    help: 'authority of the NATS server (env WEFT_NATS_TLS_CA)',
  },
  'nats-tls-first': {
    type: 'boolean',
    help: 'begin with the TLS handshake (env WEFT_NATS_TLS_FIRST=true)',
  },
} as const satisfies Flags

/** `--output json` for machines. */
export const outputFlag = {
  output: { type: 'string', short: 'o', value: 'FORMAT', help: 'text or json (default text)' },
} as const satisfies Flags
