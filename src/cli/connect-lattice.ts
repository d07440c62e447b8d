import { connectNats } from '../lattice/connect.ts'
import { latticeOf } from '../lattice/state-file.ts'
import { createLog, type Log } from '../log.ts'
import type { CommandInput } from './command.ts'

/** An open lattice, for the time of one command. */
export interface OpenLattice {
  readonly connection: Awaited<ReturnType<typeof connectNats>>
  readonly lattice: string
  readonly log: Log
}

/** Connects to the lattice that flags, environment or this machine name, runs `work`, and closes the connection. */
export async function withLattice<T>(
  input: CommandInput,
  work: (open: OpenLattice) => Promise<T>,
): Promise<T> {
  const { flags, terminal } = input
  const { url, lattice } = await latticeOf(
    { natsUrl: flags['nats-url'] as string | undefined, lattice: flags['lattice'] as string | undefined },
    terminal.env,
  )
  const creds = (flags['nats-creds'] as string | undefined) ?? terminal.env['WEFT_NATS_CREDS']
  const log = createLog(({ level, message }) => {
    if (level === 'warn' || level === 'error') terminal.err(`weft: ${message}\n`)
  })
  const connection = await connectNats({
    url,
    name: 'weft-cli',
    jetstream: false,
    ...(creds !== undefined && { creds }),
  })
  try {
    return await work({ connection, lattice, log })
  } finally {
    await connection.close()
  }
}
