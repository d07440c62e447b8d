import type { CliSettings } from '../component-settings.ts'
import { Fields, readString } from './fields.ts'
import type { Located } from './located.ts'
import type { Report } from './report.ts'

/** Reads the properties of a `cli` trait: the arguments and environment variables that a component finds. */
export function readCli(report: Report, node: Located): CliSettings {
  const fields = Fields.open(report, node, { what: 'the cli', known: ['args', 'env'], others: 'refused' })
  if (!fields) return {}
  return {
    ...(fields.has('args') && { args: textsIn(report, fields) }),
    ...(fields.has('env') && { env: environmentOf(report, fields) }),
  }
}

function textsIn(report: Report, fields: Fields): string[] {
  return fields.list('args').flatMap((item, index) => {
    const text = readString(report, item, `entry ${index + 1} of "args" of the cli`)
    return text === undefined ? [] : [text]
  })
}

/** C programs cut a name at `=` and a value at a zero byte. */
function environmentOf(report: Report, fields: Fields): Record<string, string> {
  const variables = fields.textFields('env')
  for (const { key, text, keyOffset } of variables) {
    if (key === '' || key.includes('=') || key.includes('\0') || text.includes('\0'))
      report.problem(keyOffset, `"${key}" of "env" can't be an environment variable, expected NAME: value`)
  }
  return Object.fromEntries(variables.map(({ key, text }) => [key, text]))
}
