import { existsSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { bundle } from './bundle.ts'
import { withImports } from './from-typescript.ts'
import { type Guest, witOf } from './guest.ts'
import { npmTool } from './npm-tool.ts'
import { copyWit } from './wit-folder.ts'
import { withTemporary } from './with-temporary.ts'

const version = '0.23.0'

/** What is used of `@bytecodealliance/componentize-js`. */
interface ComponentizeJs {
  componentize(options: {
    readonly sourcePath: string
    readonly witPath: string
    readonly worldName: string
  }): Promise<{ readonly component: Uint8Array }>
}

/** JavaScript in StarlingMonkey, by componentize-js, which is fetched with npm into the cache. */
export function fromJavaScript({ name, folder }: Guest): Promise<Uint8Array> {
  return withTemporary(async (made) => {
    const witPath = await copyWit(witOf(folder), { made: join(made, 'wit'), wasi: '0.2.10' })
    const sourcePath = join(made, `${name}.js`)
    const source = join(folder, `${name}.js`)
    const hasPackages = existsSync(join(folder, 'package.json'))
    await writeFile(sourcePath, hasPackages ? await bundle(source, folder) : await withImports(source))
    const tool = await npmTool('@bytecodealliance/componentize-js', version)
    const { componentize }: ComponentizeJs = await import(
      pathToFileURL(join(tool, 'src/componentize.js')).href
    )
    const { component } = await componentize({ sourcePath, witPath, worldName: name })
    return component
  })
}
