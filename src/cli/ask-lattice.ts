import { type ControlClient, createControlClient } from '../lattice/control-client.ts'
import type { CommandInput } from './command.ts'
import { withLattice } from './connect-lattice.ts'
import { printJson, wantsJson } from './output.ts'

/** Does something over the control interface and tells what was done, as text or JSON. Gives the exit code. */
export async function askLattice(
  input: CommandInput,
  ask: (client: ControlClient) => Promise<{ readonly said: string; readonly data: object }>,
): Promise<number> {
  const asJson = wantsJson(input)
  const { said, data } = await withLattice(input, (open) => ask(createControlClient(open)))
  if (asJson) printJson(input, data)
  else input.terminal.out(`${said}\n`)
  return 0
}
