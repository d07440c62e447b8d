import { WeftError } from '../errors.ts'

/** Reads `key=value` arguments; `invalid` names the one that is none. A value may hold `=`. */
export function pairArguments(what: string, args: readonly string[]): Record<string, string> {
  if (args.length === 0) throw new WeftError('invalid', `${what}: expected KEY=VALUE, got nothing`)
  return Object.fromEntries(
    args.map((arg) => {
      const at = arg.indexOf('=')
      if (at > 0) return [arg.slice(0, at), arg.slice(at + 1)]
      throw new WeftError('invalid', `${what}: expected KEY=VALUE, got ${JSON.stringify(arg)}`)
    }),
  )
}

/** The argument at `index`; `invalid` says what was expected there. */
export function requiredArgument(what: string, args: readonly string[], index: number): string {
  const [command, ...names] = what.split(' ').reduce<string[]>((parts, word) => {
    const isName = /^[A-Z][A-Z_=]*$/.test(word)
    if (isName || parts.length === 0) parts.push(word)
    else parts[0] = `${parts[0]} ${word}`
    return parts
  }, [])
  const arg = args[index]
  if (arg !== undefined && arg !== '') return arg
  throw new WeftError('invalid', `${command}: expected ${names.join(' ')}`)
}
