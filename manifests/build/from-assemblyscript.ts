import { cp, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { componentEmbed, componentNew } from '@bytecodealliance/jco'
import { type Guest, witOf } from './guest.ts'
import { npmTool } from './npm-tool.ts'
import { run } from './run.ts'
import { withTemporary } from './with-temporary.ts'

const version = '0.28.20'

/** AssemblyScript, whose compiler is fetched with npm into the cache when it is first needed. */
export function fromAssemblyScript({ name, folder }: Guest): Promise<Uint8Array> {
  return withTemporary(async (made) => {
    const asc = await npmTool('assemblyscript', version)
    // The compiler knows its sources by this ending.
    await cp(join(folder, `${name}.as`), join(made, `${name}.ts`))
    const flags = ['--runtime', 'stub', '--use', `abort=${name}/onTrap`, '-Oz', '--debug', '-o', 'core.wasm']
    run(process.execPath, [join(asc, 'bin/asc.js'), `${name}.ts`, ...flags], { cwd: made })
    const witSource = await readFile(join(witOf(folder), `${name}.wit`), 'utf8')
    const binary = await readFile(join(made, 'core.wasm'))
    return componentNew(await componentEmbed({ binary, witSource, stringEncoding: 'utf16' }))
  })
}
