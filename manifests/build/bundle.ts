import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { cp, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { rolldown } from 'rolldown'
import { guestCache } from './guest.ts'
import { readIfThere } from './read-if-there.ts'
import { run } from './run.ts'

/** A JavaScript guest with the npm packages of its `package.json`, which are fetched into the cache, as one file. */
export async function bundle(source: string, folder: string): Promise<string> {
  const packages = (await readIfThere(join(folder, 'package.json'))) ?? ''
  const prefix = join(
    guestCache(),
    'packages',
    createHash('sha256').update(packages).digest('hex').slice(0, 16),
  )
  if (!existsSync(join(prefix, 'node_modules'))) {
    await mkdir(prefix, { recursive: true })
    await cp(join(folder, 'package.json'), join(prefix, 'package.json'))
    run('npm', ['install', '--no-audit', '--no-fund'], { cwd: prefix })
  }
  const bundled = await rolldown({
    input: source,
    platform: 'browser',
    external: /^wasi:/,
    resolve: { modules: [join(prefix, 'node_modules')] },
  })
  const { output } = await bundled.generate({ format: 'esm' })
  await bundled.close()
  return output[0].code
}
