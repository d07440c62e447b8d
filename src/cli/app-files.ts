import { manifestSchema } from '../manifest/json-schema.ts'
import type { Problem } from '../manifest/report.ts'
import type { CommandInput } from './command.ts'
import { printJson, wantsJson } from './output.ts'
import { inspectApp, readApp } from './read-app.ts'

/** `weft app validate`: reads a manifest and the component files that it names; nothing is sent. */
export async function validate(input: CommandInput, file: string): Promise<number> {
  if (wantsJson(input)) return validateAsJson(input, file)
  const { manifest, warnings } = await readApp(file)
  for (const warning of warnings) input.terminal.err(`warning: ${warning}\n`)
  input.terminal.out(
    `${file}: application ${manifest.name} with ${manifest.components.length} components is valid\n`,
  )
  return 0
}

async function validateAsJson(input: CommandInput, file: string): Promise<number> {
  const { manifest, problems, warnings } = await inspectApp(file)
  const located = (found: readonly Problem[]) => found.map((problem) => ({ file, ...problem }))
  printJson(input, {
    valid: manifest !== undefined,
    name: manifest?.name,
    components: manifest?.components.length,
    problems: located(problems),
    warnings: located(warnings),
  })
  return manifest === undefined ? 2 : 0
}

/** `weft app schema`: the JSON Schema of manifests. */
export async function schema(input: CommandInput): Promise<number> {
  printJson(input, manifestSchema)
  return 0
}
