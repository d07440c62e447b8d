import { spawnSync } from 'node:child_process'

/** Runs a program to its end and gives what it wrote to stdout. Throws when it fails. */
export function run(
  command: string,
  args: readonly string[],
  { cwd, env = {} }: { readonly cwd: string; readonly env?: NodeJS.ProcessEnv },
): string {
  const done = spawnSync(command, args, {
    cwd,
    env: { ...process.env, ...env },
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  if (done.status !== 0)
    throw new Error(`${command} ${args.join(' ')} failed in ${cwd}`, { cause: done.error })
  return done.stdout
}
