import type { CommandInput } from './command.ts'

/** A flag, else its variable: `--nats-tls-ca` is WEFT_NATS_TLS_CA. Empty counts as not given. */
export function flagOrVariable({ flags, terminal }: CommandInput, name: string): string | undefined {
  const value = (flags[name] as string | undefined) ?? terminal.env[variableOf(name)]
  return value === '' ? undefined : value
}

/** True for a flag that is set, or whose variable is `true`. */
export function isOn({ flags, terminal }: CommandInput, name: string): boolean {
  return flags[name] === true || terminal.env[variableOf(name)] === 'true'
}

function variableOf(name: string): string {
  return `WEFT_${name.toUpperCase().replaceAll('-', '_')}`
}
