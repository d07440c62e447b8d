import { styleText } from 'node:util'
import type { Command, Terminal } from './command.ts'
import { commands } from './commands.ts'

/** The help of one command: usage, flags, examples. */
export function commandHelp(command: Command, terminal: Terminal): string {
  const head = (text: string) => (terminal.isColour ? styleText('bold', text) : text)
  const flags = Object.entries(command.flags).map(([name, flag]) => {
    const short = flag.short === undefined ? '' : `-${flag.short}, `
    return [
      `${short}--${name}${flag.type === 'string' ? ` ${flag.value ?? 'VALUE'}` : ''}`,
      flag.help,
    ] as const
  })
  const parts = [
    command.summary,
    `${head('Usage')}\n${command.usage.map((line) => `  ${line}`).join('\n')}`,
    ...(flags.length > 0 ? [`${head('Flags')}\n${columns(flags)}`] : []),
    ...(command.examples.length > 0
      ? [`${head('Examples')}\n${columns(command.examples.map(({ run, does }) => [run, does] as const))}`]
      : []),
  ]
  return `${parts.join('\n\n')}\n`
}

/** The list of commands. */
export async function programHelp(terminal: Terminal): Promise<string> {
  const head = (text: string) => (terminal.isColour ? styleText('bold', text) : text)
  const loaded = await Promise.all(Object.values(commands).map(async (load) => (await load()).command))
  const list = columns(loaded.map((command) => [command.name, command.summary] as const))
  return `weft: a lattice host for WebAssembly components\n\n${head('Commands')}\n${list}\n\n\`weft COMMAND --help\` tells more.\n`
}

function columns(rows: readonly (readonly [string, string])[]): string {
  const width = Math.max(...rows.map(([left]) => left.length))
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`).join('\n')
}
