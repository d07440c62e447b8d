import { parseArgs } from 'node:util'
import { WeftError } from '../errors.ts'
import { nearestName } from '../manifest/nearest-name.ts'
import { version } from '../version.ts'
import type { Command, Terminal } from './command.ts'
import { commands } from './commands.ts'
import { commandHelp, programHelp } from './help.ts'

/** Runs `weft …argv` and gives its exit code: 0 done, 1 failed, 2 the input was wrong. */
export async function runCommand(argv: readonly string[], terminal: Terminal): Promise<number> {
  try {
    return await dispatch(argv, terminal)
  } catch (thrown) {
    const error = WeftError.from(thrown)
    terminal.err(`weft: ${error.message}\n`)
    if (error.code === 'internal' && terminal.env['WEFT_DEBUG'])
      terminal.err(`${error.stack}\n${String(error.cause ?? '')}\n`)
    return error.code === 'invalid' ? 2 : 1
  }
}

async function dispatch(argv: readonly string[], terminal: Terminal): Promise<number> {
  const [name, ...rest] = argv
  if (name === undefined || name === 'help' || name === '--help' || name === '-h') {
    const topic = rest[0]
    if (name === 'help' && topic !== undefined) terminal.out(commandHelp(await load(topic), terminal))
    else terminal.out(await programHelp(terminal))
    return 0
  }
  if (name === '--version' || name === '-v' || name === 'version') {
    terminal.out(`weft ${version}\n`)
    return 0
  }
  const command = await load(name)
  if (rest.includes('--help') || rest.includes('-h')) {
    terminal.out(commandHelp(command, terminal))
    return 0
  }
  const { values, positionals } = parse(command, rest)
  return command.run({ terminal, args: positionals, flags: values })
}

async function load(name: string): Promise<Command> {
  const known = Object.hasOwn(commands, name) ? commands[name] : undefined
  if (known) return (await known()).command
  const near = nearestName(name, Object.keys(commands))
  const hint = near === undefined ? '`weft help` lists the commands' : `did you mean \`weft ${near}\`?`
  throw new WeftError('invalid', `there is no command ${name}: ${hint}`)
}

function parse(command: Command, args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: command.flags, allowPositionals: true, strict: true })
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause)
    const unknown = /^Unknown option '--?([^']+)'/.exec(message)?.[1]
    const near = unknown === undefined ? undefined : nearestName(unknown, Object.keys(command.flags))
    const hint = near === undefined ? '' : ` Did you mean --${near}?`
    throw new WeftError(
      'invalid',
      `${message.split(/\.? To specify|\n/)[0]}.${hint} See \`weft ${command.name} --help\``,
      { cause },
    )
  }
}
