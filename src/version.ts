import { readFileSync } from 'node:fs'

/** The package's version, from the `package.json` above the sources or the build. */
export const version: string = readVersion()

function readVersion(): string {
  for (const path of ['../package.json', '../../package.json']) {
    try {
      const { name, version } = JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8')) as Record<
        string,
        unknown
      >
      if (name === 'weft-lattice' && typeof version === 'string') return version
    } catch {
      // Built code lies one folder deeper.
    }
  }
  return '0.0.0'
}
