import type { CommandInput } from './command.ts'
import { wantsJson } from './output.ts'

/** Shows how much of something has come or gone, on a terminal only. */
export function showProgress(
  input: CommandInput,
  what: string,
): { readonly step: (done: number, total: number) => void; end(): void } {
  const { terminal } = input
  if (!terminal.isColour || wantsJson(input)) return { step: () => {}, end: () => {} }
  let shown = -1
  return {
    step(done, total) {
      const percent = total === 0 ? 100 : Math.floor((done / total) * 100)
      if (percent === shown) return
      shown = percent
      terminal.err(`\r${what} ${String(percent).padStart(3)} % of ${formatBytes(total)}`)
    },
    end() {
      if (shown >= 0) terminal.err('\r\u001B[K')
    },
  }
}

/** A number of bytes for people: `812 B`, `14.2 kB`, `3.1 MB`. */
export function formatBytes(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`
  return bytes < 1_000_000 ? `${(bytes / 1000).toFixed(1)} kB` : `${(bytes / 1_000_000).toFixed(1)} MB`
}
