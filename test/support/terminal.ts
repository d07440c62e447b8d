import type { Terminal } from '../../src/cli/command.ts'

/** A terminal that keeps what is written to it. */
export function fakeTerminal(env: Readonly<Record<string, string>> = {}): Terminal & {
  readonly outText: () => string
  readonly errText: () => string
} {
  let out = ''
  let err = ''
  return {
    env,
    out: (text) => {
      out += text
    },
    err: (text) => {
      err += text
    },
    isColour: false,
    width: 100,
    signal: new AbortController().signal,
    outText: () => out,
    errText: () => err,
  }
}
