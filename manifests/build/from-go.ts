import { cp, mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { componentEmbed, componentNew, preview1AdapterReactorPath } from '@bytecodealliance/jco'
import { type Guest, root, witOf } from './guest.ts'
import { run } from './run.ts'
import { copyWit, witText } from './wit-folder.ts'
import { withTemporary } from './with-temporary.ts'

/** Go's own compiler (1.25 or later; GO names another than `go`) with the bindings of `wit-bindgen go`. */
export function fromGo({ name, folder }: Guest): Promise<Uint8Array> {
  return withTemporary(async (made) => {
    const witPath = await copyWit(witOf(folder), { made: join(made, 'wit'), wasi: '0.2.12' })
    run(process.env.WIT_BINDGEN ?? 'wit-bindgen', ['go', witPath, '--world', name, '--out-dir', made], {
      cwd: root,
    })
    const source = join(folder, `${name}.go`)
    const [, packageName = ''] = /^package (\w+)/m.exec(await readFile(source, 'utf8')) ?? []
    await mkdir(join(made, packageName), { recursive: true })
    await cp(source, join(made, packageName, `${name}.go`))
    const go = process.env.GO ?? 'go'
    run(go, ['mod', 'edit', `-replace=go.bytecodealliance.org/pkg=${join(folder, 'pkg')}`], { cwd: made })
    run(go, ['mod', 'tidy'], { cwd: made })
    const flags = ['-buildmode=c-shared', '-trimpath', '-ldflags=-w', '-o', 'core.wasm']
    run(go, ['build', ...flags, '.'], { cwd: made, env: { GOOS: 'wasip1', GOARCH: 'wasm' } })
    const binary = await readFile(join(made, 'core.wasm'))
    const embedded = await componentEmbed({ binary, witSource: await witText(witPath), world: name })
    const adapter = await readFile(preview1AdapterReactorPath())
    return componentNew(embedded, [['wasi_snapshot_preview1', adapter]])
  })
}
