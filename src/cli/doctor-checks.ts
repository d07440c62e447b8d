import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { WeftError } from '../errors.ts'
import { defaultCacheDir } from '../guest/cache.ts'
import { connectNats, withoutSecrets } from '../lattice/connect.ts'
import { createControlClient } from '../lattice/control-client.ts'
import { findNatsServer } from '../lattice/nats-server-binary.ts'
import { stateDir } from '../lattice/state-file.ts'
import { trySignals } from '../telemetry/try-signals.ts'
import { variablesWithoutEffect } from '../telemetry/variables.ts'
import type { CommandInput } from './command.ts'
import { natsFrom } from './nats-flags.ts'

/** What one look came to: well, wrong, or not in use. */
export interface Finding {
  readonly what: string
  readonly state: 'well' | 'wrong' | 'off'
  readonly detail: string
}

/** Everything that a host on this machine needs, one after the other. */
export async function checkAll(input: CommandInput): Promise<Finding[]> {
  return [
    checkNode(),
    await checkFolder('cache folder', defaultCacheDir(process.env)),
    await checkFolder('state folder', stateDir(input.terminal.env)),
    await checkServerBinary(input),
    ...(await checkLattice(input)),
    ...(await checkSignals(input)),
  ]
}

function checkNode(): Finding {
  const hasJspi = 'Suspending' in WebAssembly
  const detail = `${process.version}${hasJspi ? ', with WebAssembly JSPI' : ': it has no WebAssembly JSPI; use Node 26'}`
  return { what: 'node', state: hasJspi ? 'well' : 'wrong', detail }
}

async function checkFolder(what: string, folder: string): Promise<Finding> {
  const probe = join(folder, `.doctor-${process.pid}`)
  try {
    await mkdir(folder, { recursive: true })
    await writeFile(probe, 'written by weft doctor')
    await rm(probe)
    return { what, state: 'well', detail: folder }
  } catch (error) {
    return { what, state: 'wrong', detail: `cannot write to ${folder}: ${WeftError.from(error).message}` }
  }
}

async function checkServerBinary({ terminal }: CommandInput): Promise<Finding> {
  try {
    const { path, version } = await findNatsServer({ ...process.env, ...terminal.env })
    return { what: 'nats-server', state: 'well', detail: `${version} at ${path}` }
  } catch (error) {
    return {
      what: 'nats-server',
      state: 'off',
      detail: `\`weft up\` will not work: ${WeftError.from(error).message}`,
    }
  }
}

async function checkLattice(input: CommandInput): Promise<Finding[]> {
  const { natsUrl: url, natsLogin: login, lattice, controlPrefix } = await natsFrom(input)
  const what = 'nats'
  try {
    const connection = await connectNats({ url, name: 'weft-doctor', login })
    try {
      const ms = await connection.rtt()
      const where = `${withoutSecrets(url)}, nats-server ${connection.info?.version}, JetStream on, ${ms} ms away`
      const hosts = await createControlClient({ connection, lattice, controlPrefix }).ping()
      const names = hosts.map((host) => host.friendly_name).join(', ')
      return [
        { what, state: 'well', detail: where },
        hosts.length > 0
          ? {
              what: `lattice ${lattice}`,
              state: 'well',
              detail: `${hosts.length} ${hosts.length === 1 ? 'host' : 'hosts'}: ${names}`,
            }
          : { what: `lattice ${lattice}`, state: 'off', detail: 'no host answers' },
      ]
    } finally {
      await connection.close()
    }
  } catch (error) {
    return [{ what, state: 'wrong', detail: WeftError.from(error).message }]
  }
}

async function checkSignals({ terminal }: CommandInput): Promise<Finding[]> {
  const trials = await trySignals(terminal.env)
  const idle = variablesWithoutEffect(terminal.env)
  return [
    ...trials.map(
      ({ signal, of, state, detail }): Finding => ({
        what: of === 'all' ? signal : `${signal} of ${of}`,
        state: state === 'arrived' ? 'well' : state === 'failed' ? 'wrong' : 'off',
        detail,
      }),
    ),
    ...(idle.length === 0
      ? []
      : [{ what: 'variables', state: 'off', detail: `without effect: ${idle.join(', ')}` } as const]),
  ]
}
