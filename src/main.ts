#!/usr/bin/env node
import type { Terminal } from './cli/command.ts'

/** The oldest Node that has JSPI without a flag and runs these sources. */
const leastNodeMajor = 26

const major = Number(process.versions.node.split('.')[0])
if (major < leastNodeMajor) {
  console.error(
    `weft: Node ${leastNodeMajor} or newer is needed (WebAssembly JSPI), this is ${process.version}. ` +
      `Without installing it: npx -y -p node@${leastNodeMajor} -c 'weft …'`,
  )
  process.exit(1)
}

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
