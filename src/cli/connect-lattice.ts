import { connectNats } from '../lattice/connect.ts'
import { createLog, type Log } from '../log.ts'
import type { CommandInput } from './command.ts'
import { natsFrom } from './nats-flags.ts'

/** An open lattice, for the time of one command. */
export interface OpenLattice {
  readonly connection: Awaited<ReturnType<typeof connectNats>>
  readonly lattice: string
  /** Where control requests go; default `wasmbus.ctl`. */
  readonly controlPrefix?: string
  readonly log: Log
}

/** Connects to the lattice that flags, environment or this machine name, runs `work`, and closes the connection. */
export async function withLattice<T>(
  input: CommandInput,
  work: (open: OpenLattice) => Promise<T>,
): Promise<T> {
  const { natsUrl: url, natsLogin: login, lattice, controlPrefix } = await natsFrom(input)
  const log = createLog(({ level, message }) => {
    if (level === 'warn' || level === 'error') input.terminal.err(`weft: ${message}\n`)
  })
  const connection = await connectNats({
    url,
    name: 'weft-cli',
    jetstream: false,
    login,
  })
  try {
    return await work({ connection, lattice, controlPrefix, log })
  } finally {
    await connection.close()
  }
}
