import { existsSync } from 'node:fs'
import { cp, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Guest, guestCache, root, witOf } from './guest.ts'
import { run } from './run.ts'
import { copyWit } from './wit-folder.ts'
import { withTemporary } from './with-temporary.ts'

const version = '0.25.1'

/** CPython, by componentize-py, which is fetched with pip into the cache. PYTHON names another than `python3`. */
export function fromPython({ name, folder }: Guest): Promise<Uint8Array> {
  return withTemporary(async (made) => {
    const wit = await copyWit(witOf(folder), { made: join(made, 'wit'), wasi: '0.2.12' })
    // A module of Python has no hyphens in its name.
    const module = name.replaceAll('-', '_')
    await cp(join(folder, `${name}.py`), join(made, `${module}.py`))
    const output = join(made, 'component.wasm')
    const world = ['-d', wit, '-w', name]
    run(componentizePy(), [...world, 'componentize', '-p', made, module, '-o', output], { cwd: made })
    return readFile(output)
  })
}

function componentizePy(): string {
  const folder = join(guestCache(), 'tools', `componentize-py-${version}`)
  const program = join(folder, 'bin/componentize-py')
  if (existsSync(program)) return program
  run(process.env.PYTHON ?? 'python3', ['-m', 'venv', folder], { cwd: root })
  run(join(folder, 'bin/pip'), ['install', '--quiet', `componentize-py==${version}`], { cwd: root })
  return program
}
