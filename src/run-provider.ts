import { pathToFileURL } from 'node:url'

// What a provider process that is a script runs: `node run-provider.ts SCRIPT`.
const [, , script = ''] = process.argv
await import(pathToFileURL(script).href)
