import { existsSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { guestCache, root } from './guest.ts'
import { run } from './run.ts'

/** The folder of an npm package that only building guests needs, such as `assemblyscript@0.28.20`; fetched once. */
export async function npmTool(name: string, version: string): Promise<string> {
  const prefix = join(guestCache(), 'tools', `${name.replace('/', '-')}-${version}`)
  const folder = join(prefix, 'node_modules', name)
  if (existsSync(folder)) return folder
  await mkdir(prefix, { recursive: true })
  run('npm', ['install', '--no-audit', '--no-fund', '--prefix', prefix, `${name}@${version}`], { cwd: root })
  return folder
}
