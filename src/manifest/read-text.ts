import {
  Composer,
  type CST,
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  Lexer,
  LineCounter,
  Parser,
} from 'yaml'
import { explainYaml } from './explain-yaml.ts'
import type { Located, LocatedField } from './located.ts'
import { Report } from './report.ts'

/** NATS carries 1 MiB in one message by default, and a manifest travels in one. */
const mostBytes = 1024 * 1024
/** A manifest needs about ten levels. */
const deepest = 50
const tooDeep = `nested too deeply, expected at most ${deepest} levels`
/** What the parser has open at once, a few things for each level. */
const mostOpen = 5 * deepest
/** Aliases count as what they stand for, so a small file can't become a huge tree. */
const mostNodes = 50_000

/**
 * Reads one YAML or JSON document into values that know their place. Undefined when there is nothing to go on with;
 * then the report says why. Never slow: size, depth and number of values are bounded.
 */
export function readText(text: string): { readonly root: Located | undefined; readonly report: Report } {
  const lines = new LineCounter()
  const report = new Report((offset) => lines.linePos(offset))
  const bytes = Buffer.byteLength(text)
  if (bytes > mostBytes) {
    const size = (bytes / 1024 / 1024).toFixed(1)
    report.problem(0, `the file has ${size} MiB, expected a manifest of at most 1 MiB`)
    return { root: undefined, report }
  }
  try {
    const document = readDocument(text, lines, report)
    return { root: document && locate(document, report), report }
  } catch (error) {
    if (!(error instanceof TooDeep)) throw error
    report.problem(error.offset, tooDeep)
    return { root: undefined, report }
  }
}

function readDocument(text: string, lines: LineCounter, report: Report): Document.Parsed | undefined {
  // The library compares each key with all others of its map; `locate` finds doubles in one pass.
  const composer = new Composer({ uniqueKeys: false })
  const documents = composer.compose(tokensOf(text, lines))
  const { value: document } = documents.next()
  if (!document || isEmpty(document)) {
    report.problem(
      0,
      'the file is empty, expected a manifest that begins with "apiVersion: core.oam.dev/v1beta1"',
    )
    return undefined
  }
  const second = documents.next()
  if (document.errors.length > 0) {
    const isTooDeep = document.errors.some(({ code }) => code === 'RESOURCE_EXHAUSTION')
    if (isTooDeep) report.problem(document.errors[0]?.pos[0] ?? 0, tooDeep)
    else explainYaml(report, document)
    return undefined
  }
  if (!second.done) {
    report.problem(second.value.range[0], 'a second document begins here, expected one manifest per file')
    return undefined
  }
  return document
}

class TooDeep extends Error {
  readonly offset: number
  constructor(offset: number) {
    super(tooDeep)
    this.offset = offset
  }
}

/** As the parser gives them, but it needs seconds for a file of nothing but open brackets: deep nesting ends it at once. */
function* tokensOf(text: string, lines: LineCounter): Generator<CST.Token> {
  const parser = new Parser(lines.addNewLine)
  lines.addNewLine(0)
  for (const lexeme of new Lexer().lex(text)) {
    yield* parser.next(lexeme)
    if (parser.stack.length > mostOpen) throw new TooDeep(parser.offset)
  }
  yield* parser.end()
}

function isEmpty({ contents, errors }: Document.Parsed): boolean {
  return errors.length === 0 && (contents === null || (isScalar(contents) && contents.value === null))
}

class LimitReached extends Error {}

function locate(document: Document.Parsed, report: Report): Located | undefined {
  const anchors = new Map<string, unknown>()
  let count = 0
  const walk = (node: unknown, offset: number, depth: number): Located => {
    const here = offsetOf(node) ?? offset
    if (depth > deepest) stop(here, tooDeep)
    if (++count > mostNodes)
      stop(here, `more than ${mostNodes} values (aliases counted as what they stand for)`)
    if (isAlias(node)) {
      if (!anchors.has(node.source)) report.problem(here, `nothing is marked &${node.source}`)
      return { ...walk(anchors.get(node.source), here, depth + 1), offset: here }
    }
    if ((isMap(node) || isSeq(node) || isScalar(node)) && node.anchor) anchors.set(node.anchor, node)
    if (isSeq(node)) return { offset: here, value: node.items.map((item) => walk(item, here, depth + 1)) }
    if (!isMap(node)) return { offset: here, value: isScalar(node) ? scalarValue(node.value) : null }
    const fields = new Map<string, LocatedField>()
    for (const { key, value } of node.items) {
      const keyOffset = offsetOf(key) ?? here
      const name = isScalar(key) ? String(key.value) : undefined
      if (name === undefined) report.problem(keyOffset, 'the name of a field must be text')
      else if (fields.has(name)) report.problem(keyOffset, `"${name}" stands here a second time`)
      else fields.set(name, { keyOffset, node: walk(value, keyOffset, depth + 1) })
    }
    return { offset: here, value: fields }
  }
  const stop = (offset: number, message: string): never => {
    report.problem(offset, message)
    throw new LimitReached()
  }
  try {
    return walk(document.contents, 0, 0)
  } catch (error) {
    if (error instanceof LimitReached) return undefined
    throw error
  }
}

function offsetOf(node: unknown): number | undefined {
  return isMap(node) || isSeq(node) || isScalar(node) || isAlias(node) ? node.range?.[0] : undefined
}

function scalarValue(value: unknown): string | number | boolean | null {
  if (typeof value === 'string' || typeof value === 'boolean' || value === null) return value
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value)
  return String(value)
}
