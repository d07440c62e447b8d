import { availableParallelism } from 'node:os'
import { resolve } from 'node:path'
import { type NetworkLid, networkLids } from '../component-settings.ts'
import { WeftError } from '../errors.ts'
import { defaultArtifactDir, defaultCacheDir } from '../guest/cache.ts'
import type { HostVolumes } from '../guest/volume/volumes.ts'
import { capacityLabels, readBytes, readCount } from '../lattice/capacity.ts'
import { atLeast, formatLogLine, type LogLevel, type LogRecord, logLevels } from '../log.ts'
import type { StartHostOptions } from '../start-host.ts'
import { artifactFlags, artifactRulesFrom } from './artifact-flags.ts'
import type { CommandInput, Flags, Terminal } from './command.ts'
import { hostLimitsFrom, limitFlags } from './limit-flags.ts'
import { securityFlags, securityFrom } from './security-flags.ts'
import { isOn } from './variables.ts'

/** Flags of the commands that start a host. */
export const hostFlags = {
  label: {
    type: 'string',
    multiple: true,
    value: 'KEY=VALUE',
    help: 'label of this host, for placement (repeat for more)',
  },
  'max-instances': {
    type: 'string',
    value: 'N',
    help: 'invocations at once that the controller may place here, over all components (default: any number)',
  },
  'max-memory': {
    type: 'string',
    value: 'SIZE',
    help: 'memory that it may place here, by the limits of components: 8GiB (default: any amount)',
  },
  threads: { type: 'string', value: 'N', help: 'data threads (default: one for each core)' },
  name: {
    type: 'string',
    value: 'NAME',
    help: 'what people call the host (env WEFT_HOST_NAME; default: a made-up name)',
  },
  'host-seed': {
    type: 'string',
    value: 'SEED',
    help: 'nkeys server seed (SN…) that gives the host a lasting id (env WEFT_HOST_SEED)',
  },
  volume: {
    type: 'string',
    multiple: true,
    value: 'NAME=DIR[:ro]',
    help: 'directory that manifests may give to components, read-only with :ro (repeat for more)',
  },
  'guest-network': {
    type: 'string',
    value: 'MOST',
    help: 'what manifests may let components reach: none, public (addresses) or any (default)',
  },
  ...limitFlags,
  ...artifactFlags,
  ...securityFlags,
  'log-level': {
    type: 'string',
    value: 'LEVEL',
    help: `${logLevels.join(', ')} (env WEFT_LOG_LEVEL; default info)`,
  },
  'log-format': { type: 'string', value: 'FORMAT', help: 'text or json (env WEFT_LOG_FORMAT; default text)' },
} as const satisfies Flags

const mostThreads = 256

/** The host options that flags and environment give. `invalid` names the flag, what it takes and what came. */
export function hostOptionsFrom(
  input: CommandInput,
): Pick<
  StartHostOptions,
  | 'labels'
  | 'seed'
  | 'name'
  | 'threads'
  | 'cacheDir'
  | 'artifacts'
  | 'hostVolumes'
  | 'networkLid'
  | 'guestLimits'
  | 'requireSigned'
  | 'artifactDir'
  | 'policy'
  | 'configService'
  | 'secretsTopic'
  | 'env'
  | 'logSink'
> {
  const { flags, terminal } = input
  const seed = (flags['host-seed'] as string | undefined) ?? terminal.env['WEFT_HOST_SEED']
  const name = (flags['name'] as string | undefined) ?? terminal.env['WEFT_HOST_NAME']
  return {
    labels: { ...labelsFrom((flags['label'] ?? []) as readonly string[]), ...capacityFrom(flags) },
    threads: threadsFrom(flags['threads'] as string | undefined),
    cacheDir: defaultCacheDir(process.env),
    hostVolumes: volumesFrom((flags['volume'] ?? []) as readonly string[]),
    networkLid: networkLidFrom(flags['guest-network'] as string | undefined),
    guestLimits: hostLimitsFrom(input),
    artifacts: artifactRulesFrom(input),
    requireSigned: isOn(input, 'require-signed'),
    ...securityFrom(input),
    artifactDir: defaultArtifactDir(process.env),
    env: process.env,
    logSink: logSinkFrom(
      (flags['log-level'] as string | undefined) ?? (terminal.env['WEFT_LOG_LEVEL'] || undefined),
      (flags['log-format'] as string | undefined) ?? (terminal.env['WEFT_LOG_FORMAT'] || undefined),
      terminal,
    ),
    ...(seed !== undefined && { seed }),
    ...(name !== undefined && { name }),
  }
}

function labelsFrom(pairs: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(
    pairs.map((pair) => {
      const at = pair.indexOf('=')
      if (at < 1)
        throw new WeftError(
          'invalid',
          `--label: expected KEY=VALUE such as zone=eu, got ${JSON.stringify(pair)}`,
        )
      return [pair.slice(0, at), pair.slice(at + 1)]
    }),
  )
}

function capacityFrom(flags: CommandInput['flags']): Readonly<Record<string, string>> {
  const instances = flags['max-instances'] as string | undefined
  const memory = flags['max-memory'] as string | undefined
  if (instances !== undefined && readCount(instances) === undefined)
    throw new WeftError('invalid', `--max-instances: expected a number, got ${JSON.stringify(instances)}`)
  if (memory !== undefined && readBytes(memory) === undefined)
    throw new WeftError(
      'invalid',
      `--max-memory: expected a size such as 8GiB, got ${JSON.stringify(memory)}`,
    )
  return {
    ...(instances !== undefined && { [capacityLabels.instances]: instances }),
    ...(memory !== undefined && { [capacityLabels.memory]: memory }),
  }
}

function volumesFrom(given: readonly string[]): HostVolumes {
  return Object.fromEntries(
    given.map((text) => {
      const [, name = '', path = '', readOnly] = /^([\w.-]+)=(.+?)(:ro)?$/.exec(text) ?? []
      if (name === '')
        throw new WeftError(
          'invalid',
          `--volume: expected NAME=DIR such as data=/srv/data or data=/srv/data:ro, got ${JSON.stringify(text)}`,
        )
      return [name, { path: resolve(path), access: readOnly ? 'read-only' : 'read-write' }]
    }),
  )
}

function networkLidFrom(text: string | undefined): NetworkLid | undefined {
  const known = networkLids.find((each) => each === text)
  if (text === undefined || known !== undefined) return known
  throw new WeftError(
    'invalid',
    `--guest-network: expected ${networkLids.join(', ')}, got ${JSON.stringify(text)}`,
  )
}

function threadsFrom(text: string | undefined): number {
  if (text === undefined) return availableParallelism()
  const count = Number(text)
  if (Number.isInteger(count) && count >= 1 && count <= mostThreads) return count
  throw new WeftError(
    'invalid',
    `--threads: expected a number from 1 to ${mostThreads}, got ${JSON.stringify(text)}`,
  )
}

function logSinkFrom(
  level: string | undefined,
  format: string | undefined,
  terminal: Terminal,
): (record: LogRecord) => void {
  const least = level === undefined ? 'info' : logLevels.find((each) => each === level)
  if (least === undefined)
    throw new WeftError(
      'invalid',
      `--log-level: expected ${logLevels.join(', ')}, got ${JSON.stringify(level)}`,
    )
  if (format !== undefined && format !== 'text' && format !== 'json') {
    throw new WeftError('invalid', `--log-format: expected text or json, got ${JSON.stringify(format)}`)
  }
  const line = format === 'json' ? jsonLine : formatLogLine
  return atLeast(least satisfies LogLevel, (record) => terminal.err(`${line(record)}\n`))
}

function jsonLine({ time, level, message, attributes }: LogRecord): string {
  return JSON.stringify({ time: new Date(time).toISOString(), level, message, ...attributes })
}
