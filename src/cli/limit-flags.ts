import type { ComponentLimits } from '../component-settings.ts'
import { WeftError } from '../errors.ts'
import type { HostLimits } from '../guest/limits.ts'
import { readBytes } from '../lattice/capacity.ts'
import type { CommandInput, Flags } from './command.ts'
import { countFrom, durationFlag } from './output.ts'

/** Flags for limits of all components of a host. */
export const limitFlags = {
  limit: {
    type: 'string',
    multiple: true,
    value: 'NAME=VALUE',
    help: 'limit of components whose manifests name none, as in the trait limits: memory=64MiB, time=5s (repeat for more)',
  },
  'limit-most': {
    type: 'string',
    multiple: true,
    value: 'NAME=VALUE',
    help: 'the most that a manifest may have of such a limit (repeat for more)',
  },
} as const satisfies Flags

type Read = (flag: string, text: string) => number

const size: Read = (flag, text) => {
  const bytes = readBytes(text)
  if (bytes !== undefined) return bytes
  throw new WeftError('invalid', `${flag}: expected a size such as 64MiB, got ${JSON.stringify(text)}`)
}
const time: Read = (flag, text) => durationFlag(flag.slice(2), text, 0)
const count: Read = (flag, text) => countFrom(flag, text, 1e9)

const known: Readonly<Record<string, readonly [keyof ComponentLimits, Read]>> = {
  memory: ['memoryBytes', size],
  time: ['timeMs', time],
  tableElements: ['tableElements', count],
  handles: ['handles', count],
  buffered: ['bufferedBytes', size],
  request: ['requestBytes', size],
  queue: ['queue', count],
  queueTime: ['queueMs', time],
}

/** 0 is a limit too: no call waits. Any other limit of 0 would stop every component. */
const mayBeNone = 'queue'

/** What these flags say; undefined when there are none. */
export function hostLimitsFrom({ flags }: Pick<CommandInput, 'flags'>): HostLimits | undefined {
  const defaults = limitsFrom('--limit', flags['limit'])
  const most = limitsFrom('--limit-most', flags['limit-most'])
  return Object.keys({ ...defaults, ...most }).length === 0 ? undefined : { defaults, most }
}

function limitsFrom(flag: string, given: CommandInput['flags'][string]): ComponentLimits {
  const pairs = Array.isArray(given) ? (given as readonly string[]) : []
  return Object.fromEntries(pairs.map((pair) => limitFrom(flag, pair)))
}

function limitFrom(flag: string, pair: string): readonly [keyof ComponentLimits, number] {
  const at = pair.indexOf('=')
  const name = pair.slice(0, Math.max(0, at))
  const limit = Object.hasOwn(known, name) ? known[name] : undefined
  if (!limit) {
    const names = Object.keys(known).join(', ')
    const got = JSON.stringify(pair)
    throw new WeftError('invalid', `${flag}: expected NAME=VALUE with one of ${names}, got ${got}`)
  }
  const [setting, read] = limit
  const most = read(flag, pair.slice(at + 1))
  if (most === 0 && name !== mayBeNone) {
    const hint = 'with it every component would fail; leave it out for the default'
    throw new WeftError('invalid', `${flag}: expected more than 0, got ${JSON.stringify(pair)}: ${hint}`)
  }
  return [setting, most]
}
