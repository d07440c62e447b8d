import { text } from 'node:stream/consumers'
import { pathToFileURL } from 'node:url'
import { WeftError } from './errors.ts'
import { instrumentProvider } from './instrument-provider.ts'
import { parseHostData } from './lattice/host-data.ts'
import type { ProviderDefinition } from './provider.ts'
import { lineLog } from './runner/log-lines.ts'
import { runProvider } from './runner/run-provider.ts'

// What a provider process that is a script runs: `node run-provider.ts SCRIPT`. A script that exports a provider is run as
// one; any other does by itself what it does, HostData on its stdin.
const { env } = process
const [, , script = ''] = process.argv
const { default: exported } = (await import(pathToFileURL(script).href)) as { readonly default?: unknown }
if (isDefinition(exported)) await run(exported)

async function run(definition: ProviderDefinition): Promise<void> {
  const log = lineLog((line) => process.stderr.write(line), definition.name)
  try {
    const data = parseHostData(await text(process.stdin))
    await runProvider(definition, {
      data,
      natsTls: {
        tls: env['WEFT_NATS_TLS'] === 'true',
        tlsCa: env['WEFT_NATS_TLS_CA'],
        tlsFirst: env['WEFT_NATS_TLS_FIRST'] === 'true',
      },
      instrument: (connection) => instrumentProvider({ data, env, log }, connection),
      log,
      interrupted: new Promise((resolve) => process.once('SIGTERM', resolve)),
    })
    process.exit(0)
  } catch (error) {
    log.error(WeftError.from(error).message)
    process.exit(1)
  }
}

function isDefinition(value: unknown): value is ProviderDefinition {
  if (typeof value !== 'object' || value === null) return false
  const { name, start, exports } = value as Readonly<Record<string, unknown>>
  return typeof name === 'string' && typeof start === 'function' && Array.isArray(exports)
}
