// Builds guests: `node manifests/build.ts [name…]`; without names, all of manifests/ and test/guests/.
// Which language needs what: `test/guests/README.md`.
import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { compose } from './build/compose.ts'
import { fromAssemblyScript } from './build/from-assemblyscript.ts'
import { fromC } from './build/from-c.ts'
import { fromGo } from './build/from-go.ts'
import { fromJavaScript } from './build/from-javascript.ts'
import { fromPython } from './build/from-python.ts'
import { fromRust } from './build/from-rust.ts'
import { fromTypeScript } from './build/from-typescript.ts'
import { type Guest, largeGuest, root } from './build/guest.ts'

/** What builds a guest, by the extension of its main source: `hello/hello.ts`, `calc/calc.rs`. */
const builders: Readonly<Record<string, (guest: Guest) => Promise<Uint8Array>>> = {
  '.ts': fromTypeScript,
  '.rs': fromRust,
  '.c': fromC,
  '.cpp': fromC,
  '.as': fromAssemblyScript,
  '.wac': compose,
  '.go': fromGo,
  '.js': fromJavaScript,
  '.py': fromPython,
}

/** Too large for the tree: built by name only, into the cache where their tests look for them. */
const large: ReadonlySet<string> = new Set(['.go', '.js', '.py'])

await buildGuests(process.argv.slice(2))

async function buildGuests(names: readonly string[]): Promise<void> {
  const guests = [...(await guestsIn('manifests')), ...(await guestsIn('test/guests'))]
  const known = guests.map((guest) => guest.name)
  for (const name of names) {
    if (!known.includes(name)) throw new Error(`no guest "${name}"; there are: ${known.join(', ')}`)
  }
  for (const guest of guests) {
    const isLarge = large.has(guest.language)
    if (names.length > 0 ? !names.includes(guest.name) : isLarge) continue
    const component = await builders[guest.language]?.(guest)
    if (!component) continue
    const path = isLarge ? largeGuest(guest.name) : join(guest.folder, `${guest.name}.wasm`)
    await mkdir(dirname(path), { recursive: true })
    await writeFile(path, component)
    console.log(`${guest.name}.wasm  ${Math.ceil(component.length / 1000)} kB`)
  }
}

/** Composed guests come last: they are made of others. */
async function guestsIn(parent: string): Promise<Guest[]> {
  const files = await readdir(join(root, parent), { recursive: true, withFileTypes: true })
  const guests = files.flatMap((file) => {
    const name = basename(file.parentPath)
    const language = Object.keys(builders).find((extension) => file.name === name + extension)
    return language ? [{ name, folder: file.parentPath, language }] : []
  })
  return guests.sort((a, b) => Number(a.language === '.wac') - Number(b.language === '.wac'))
}
