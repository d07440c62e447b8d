import { WeftError } from '../errors.ts'

/** One word, number or sign of WIT text. `%`-escaped identifiers lose the sign and are never keywords. */
export interface WitToken {
  readonly kind: 'word' | 'escaped' | 'number' | 'sign' | 'end'
  readonly text: string
  readonly line: number
}

/** Bounds what a parse may cost; the largest real world (wasi:http with all it uses) prints about 50 kB. */
const maxTextLength = 8 * 1024 * 1024

const space = /[ \t\r\n]+|\/\/[^\n]*/y
const version =
  /[0-9]+\.[0-9]+\.[0-9]+(?:-[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?(?:\+[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?/y
const integer = /[0-9]+/y
const word = /%?[A-Za-z][A-Za-z0-9]*(?:-[A-Za-z0-9]+)*/y
const sign = /->|[{}()<>,:;=/.*@_]/y

/** Cuts WIT text into tokens; the last one is `end`. Comments and blanks are left out. */
export function tokenizeWit(text: string): WitToken[] {
  if (text.length > maxTextLength) {
    throw new WeftError(
      'invalid',
      `WIT text has ${text.length} characters; at most ${maxTextLength} are read`,
    )
  }
  const tokens: WitToken[] = []
  let at = 0
  let line = 1
  const match = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at
    const found = pattern.exec(text)?.[0]
    if (found !== undefined) at += found.length
    return found
  }
  while (at < text.length) {
    const start = line
    const blank = match(space) ?? blockComment(text, at, line)
    if (blank !== undefined) {
      if (blank.startsWith('/*')) at += blank.length
      line += countLines(blank)
      continue
    }
    const found = match(version) ?? match(integer)
    if (found !== undefined) {
      tokens.push({ kind: 'number', text: found, line: start })
      continue
    }
    const name = match(word)
    if (name !== undefined) {
      const escaped = name.startsWith('%')
      tokens.push({ kind: escaped ? 'escaped' : 'word', text: escaped ? name.slice(1) : name, line: start })
      continue
    }
    const mark = match(sign)
    if (mark === undefined) throw unreadable(text, at, line)
    tokens.push({ kind: 'sign', text: mark, line: start })
  }
  tokens.push({ kind: 'end', text: '', line })
  return tokens
}

/** The block comment at `at` with its nested ones, or undefined. */
function blockComment(text: string, at: number, line: number): string | undefined {
  if (!text.startsWith('/*', at)) return undefined
  const edge = /\/\*|\*\//g
  edge.lastIndex = at
  let depth = 0
  for (let found = edge.exec(text); found !== null; found = edge.exec(text)) {
    depth += found[0] === '/*' ? 1 : -1
    if (depth === 0) return text.slice(at, edge.lastIndex)
  }
  throw new WeftError('invalid', `WIT line ${line}: this comment has no end; expected */`)
}

function countLines(text: string): number {
  let lines = 0
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) lines++
  return lines
}

function unreadable(text: string, at: number, line: number): WeftError {
  const character = String.fromCodePoint(text.codePointAt(at) ?? 0)
  return new WeftError(
    'invalid',
    `WIT line ${line}: expected a name, number or sign, found ${JSON.stringify(character)}`,
  )
}
