import type { Terminal } from './cli/command.ts'

const stop = new AbortController()
for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, () => stop.abort(name))
// `weft traces | head` closes our output: that is no fault.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0)
})

const terminal: Terminal = {
  env: process.env,
  out: (text) => process.stdout.write(text),
  err: (text) => process.stderr.write(text),
  isColour: process.stdout.isTTY === true && !process.env['NO_COLOR'],
  width: process.stdout.columns ?? 100,
  signal: stop.signal,
}
const { runCommand } = await import('./cli/run-command.ts')
const code = await runCommand(process.argv.slice(2), terminal)
process.exit(code)
