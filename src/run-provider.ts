import { registerHooks } from 'node:module'
import { text } from 'node:stream/consumers'
import { pathToFileURL } from 'node:url'
import { WeftError } from './errors.ts'
import { type InstrumentedProvider, instrumentProvider } from './instrument-provider.ts'
import { parseHostData } from './lattice/host-data.ts'
import type { ProviderDefinition } from './provider.ts'
import { lineLog } from './runner/log-lines.ts'
import { runProvider } from './runner/run-provider.ts'
import { sibling } from './sibling.ts'

// What a provider process that is a script runs: `node run-provider.ts SCRIPT`. A script that exports a provider is run as
// one; any other does by itself what it does, HostData on its stdin.
// It may import `weft-lattice` without having it installed: that is the Weft that runs it.
registerHooks({
  resolve: (specifier, context, next) =>
    specifier === 'weft-lattice'
      ? { url: sibling(import.meta.url, 'index').href, shortCircuit: true }
      : next(specifier, context),
})
const { env } = process
const [, , script = ''] = process.argv
const log = lineLog((line) => process.stderr.write(line))
let telemetry: InstrumentedProvider | undefined
process.on('uncaughtException', (error) => void fail(error))
// A script that ends the process itself leaves no time for more.
process.on('exit', () => telemetry?.handOver())
const { default: exported } = (await import(pathToFileURL(script).href)) as { readonly default?: unknown }
if (isDefinition(exported)) await run(exported)

async function run(definition: ProviderDefinition): Promise<void> {
  try {
    const data = parseHostData(await text(process.stdin))
    await runProvider(definition, {
      data,
      natsTls: {
        tls: env['WEFT_NATS_TLS'] === 'true',
        tlsCa: env['WEFT_NATS_TLS_CA'],
        tlsFirst: env['WEFT_NATS_TLS_FIRST'] === 'true',
      },
      instrument(connection) {
        telemetry = instrumentProvider({ data, env, log }, connection)
        return telemetry
      },
      log,
      interrupted: new Promise((resolve) => process.once('SIGTERM', resolve)),
    })
    process.exit(0)
  } catch (error) {
    await fail(error)
  }
}

/** What it did last is told first: the last line is what the host tells of the end, why, and not where. */
async function fail(error: unknown): Promise<never> {
  const going = telemetry
  telemetry = undefined
  await going?.stop().catch(() => {})
  const isOurs = error instanceof WeftError
  log.error(isOurs ? error.message : String(error), {
    ...(!isOurs && error instanceof Error && { stack: error.stack }),
  })
  process.exit(1)
}

function isDefinition(value: unknown): value is ProviderDefinition {
  if (typeof value !== 'object' || value === null) return false
  const { name, start, exports } = value as Readonly<Record<string, unknown>>
  return typeof name === 'string' && typeof start === 'function' && Array.isArray(exports)
}
