import { WeftError } from '../errors.ts'
import type { CommandInput } from './command.ts'

/** Refuses arguments beyond the first `most`: whoever typed them meant something by them. */
export function refuseExtra({ args }: CommandInput, what: string, most: number): void {
  const extra = args[most]
  if (extra === undefined) return
  throw new WeftError(
    'invalid',
    `${what}: ${JSON.stringify(extra)} is one argument too many; see \`${what.split(' ').slice(0, 2).join(' ')} --help\``,
  )
}
