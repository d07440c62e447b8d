import { type Document, isScalar, visit } from 'yaml'
import type { Report } from './report.ts'

/** What is wrong, in the words of somebody who writes a manifest; by the library's code. */
const explanations: Readonly<Record<string, string>> = {
  TAB_AS_INDENT: 'a tab indents this line, expected spaces: YAML allows no tabs there',
  MULTILINE_IMPLICIT_KEY: 'this line is neither "name: value" nor "- item"; is a ":" missing?',
  BAD_INDENT: 'this line begins at another column than expected from the lines around it',
  UNEXPECTED_TOKEN: 'nothing is open here that this could close or separate',
}

/**
 * Tells why a text is no YAML. One mistake brings the parser into disorder about all that follows, so only the first
 * counts; tabs are told each, there are seldom few.
 */
export function explainYaml(report: Report, { errors, contents }: Document.Parsed): void {
  const tabs = errors.filter(({ code }) => code === 'TAB_AS_INDENT')
  for (const { code, pos, message } of tabs.length > 0 ? tabs : errors.slice(0, 1)) {
    const opened = code === 'MISSING_CHAR' ? openQuote(contents, pos[0]) : undefined
    if (opened !== undefined) report.problem(opened, 'the quote that begins here has no end')
    else if (/^Flow \w+ in block collection/.test(message))
      report.problem(pos[0], 'not valid YAML: a "[" or "{" before this is not closed')
    else report.problem(pos[0], `not valid YAML: ${explanations[code] ?? firstLine(message)}`)
  }
}

/** Where the quoted text began that goes on until the end. */
function openQuote(contents: Document.Parsed['contents'], end: number): number | undefined {
  let found: number | undefined
  visit(contents, (_, node) => {
    if (isScalar(node) && node.type?.startsWith('QUOTE') && node.range && node.range[1] >= end)
      found = node.range[0]
  })
  return found
}

function firstLine(message: string): string {
  return message.split('\n')[0]?.replace(/ at line \d+, column \d+:?$/, '') ?? message
}
