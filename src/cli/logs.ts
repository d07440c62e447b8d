import { WeftError } from '../errors.ts'
import { subscribeGuarded } from '../lattice/connect.ts'
import { type LatticeLogLine, parseLogLines } from '../lattice/log-lines.ts'
import { type LogQuery, matchesQuery, requestLogs } from '../lattice/log-requests.ts'
import { logsSubject } from '../lattice/subjects.ts'
import { type LogLevel, logLevels } from '../log.ts'
import { type Command, type CommandInput, latticeFlags, outputFlag } from './command.ts'
import { type OpenLattice, withLattice } from './connect-lattice.ts'
import { unknownName } from './name-of-lines.ts'
import { byTime, orderLines } from './order-lines.ts'
import { countFrom, printJson, wantsJson } from './output.ts'
import { refuseExtra } from './refuse-extra.ts'
import { paint, plain } from './terminal-text.ts'

const mostLines = 10_000

export const command: Command = {
  name: 'logs',
  summary: 'Show what components, providers and hosts have logged',
  usage: ['weft logs [COMPONENT] [flags]'],
  examples: [
    { run: 'weft logs', does: 'the latest lines of the whole lattice' },
    { run: 'weft logs greeter --follow', does: 'those of greeter on every host, and each new one' },
    { run: 'weft logs --trace 4bf92f35 --level warn', does: 'what went wrong in one request' },
  ],
  flags: {
    ...latticeFlags,
    ...outputFlag,
    follow: { type: 'boolean', short: 'f', help: 'go on with new lines until Ctrl-C' },
    level: { type: 'string', value: 'LEVEL', help: `this level and above: ${logLevels.join(', ')}` },
    host: { type: 'string', value: 'NAME', help: 'only lines from the host of this name' },
    trace: { type: 'string', value: 'ID', help: 'only lines of the trace whose id begins so' },
    limit: { type: 'string', value: 'N', help: 'how many (default 100)' },
  },
  async run(input) {
    wantsJson(input)
    refuseExtra(input, 'weft logs', 1)
    const query = queryFrom(input)
    return withLattice(input, (open) =>
      input.flags['follow'] ? follow(input, open, query) : list(input, open, query),
    )
  },
}

function queryFrom({ args, flags }: CommandInput): LogQuery {
  const [component] = args
  const level = levelFrom(flags['level'])
  return {
    limit: flags['limit'] === undefined ? 100 : countFrom('--limit', flags['limit'], mostLines),
    ...(component !== undefined && { component }),
    ...(level !== undefined && { level }),
    ...(typeof flags['host'] === 'string' && { host: flags['host'] }),
    ...(typeof flags['trace'] === 'string' && { trace: flags['trace'].toLowerCase() }),
  }
}

function levelFrom(text: unknown): LogLevel | undefined {
  if (text === undefined) return undefined
  const level = logLevels.find((each) => each === text)
  if (level !== undefined) return level
  throw new WeftError('invalid', `--level: expected ${logLevels.join(', ')}, got ${JSON.stringify(text)}`)
}

async function list(input: CommandInput, open: OpenLattice, query: LogQuery): Promise<number> {
  const lines = await requestLogs({ ...open, query })
  const unknown = lines.length === 0 ? await unknownName(open, query) : undefined
  if (unknown !== undefined) throw new WeftError('not_found', unknown)
  if (wantsJson(input)) printJson(input, lines)
  else if (lines.length === 0) input.terminal.err('weft: no kept line is of that kind\n')
  else for (const line of lines) print(input, line)
  return 0
}

/** The latest lines where somebody keeps them, then each new one. */
async function follow(input: CommandInput, open: OpenLattice, query: LogQuery): Promise<number> {
  const { connection, lattice, log } = open
  const { signal } = input.terminal
  // New lines wait until the kept ones are out.
  let early: LatticeLogLine[] | undefined = []
  const ordered = orderLines((line) => print(input, line))
  const subscription = subscribeGuarded(connection, logsSubject(lattice), {
    log,
    onMessage(message) {
      const lines = parseLogLines(message.data).filter((line) => matchesQuery(line, query))
      if (early) early.push(...lines)
      else ordered.take(lines)
    },
  })
  await connection.flush()
  const kept = await requestLogs({ ...open, query }).catch((error: unknown) => {
    if (error instanceof WeftError && error.code === 'unavailable') return []
    throw error
  })
  const shown = new Set(kept.map((line) => JSON.stringify(line)))
  const fresh = early.filter((one) => !shown.has(JSON.stringify(one)))
  for (const line of [...kept, ...fresh].toSorted(byTime)) print(input, line)
  early = undefined
  if (kept.length === 0) void tellUnknown(input, open, query)
  if (!signal.aborted) await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()))
  subscription.unsubscribe()
  ordered.stop()
  return 0
}

/** A name that nobody has may be one that is yet to come. */
async function tellUnknown({ terminal }: CommandInput, open: OpenLattice, query: LogQuery): Promise<void> {
  const unknown = await unknownName(open, query).catch(() => undefined)
  if (unknown !== undefined) terminal.err(`weft: ${unknown}; waiting for its first line\n`)
}

/** What lines say is not trusted: control characters could move the cursor. */
function print(input: CommandInput, line: LatticeLogLine): void {
  const { terminal } = input
  if (wantsJson(input) && input.flags['follow']) {
    terminal.out(`${JSON.stringify(line)}\n`)
    return
  }
  const { component, provider, traceId, spanId: _, stream: __, ...others } = line.attributes
  const color = { color: terminal.isColour }
  const clock = new Date(line.time).toISOString().slice(11, 23)
  const level = line.level.toUpperCase().padEnd(5)
  const maker = `${String(component ?? provider ?? 'host')}@${line.host}`
  const pairs = Object.entries(others).map(([key, value]) => ` ${key}=${String(value)}`)
  const trace = traceId === undefined ? '' : `  ${String(traceId).slice(0, 8)}`
  const text = [
    paint('dim', clock, color),
    line.level === 'error' || line.level === 'warn' ? paint('red', level, color) : level,
    paint('cyan', plain(maker), color),
    plain(line.message) + paint('dim', plain(pairs.join('')) + plain(trace), color),
  ].join(' ')
  terminal.out(`${text}\n`)
}
