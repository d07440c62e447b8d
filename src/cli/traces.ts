import { setTimeout as delay } from 'node:timers/promises'
import { WeftError } from '../errors.ts'
import { requestTraces, type TraceRequest } from '../lattice/trace-requests.ts'
import type { SpanRecord } from '../telemetry/span.ts'
import type { TraceSummary } from '../telemetry/summarize-trace.ts'
import { type Command, type CommandInput, latticeFlags, outputFlag } from './command.ts'
import { type OpenLattice, withLattice } from './connect-lattice.ts'
import { countFrom, durationFlag, printJson, wantsJson } from './output.ts'
import { refuseExtra } from './refuse-extra.ts'
import { renderTrace, renderTraceList } from './waterfall.ts'

const mostTraces = 1000
const followMs = 500
/** Hosts gather spans for a moment before they send them. */
const onItsWayMs = 500

export const command: Command = {
  name: 'traces',
  summary: 'Show the latest requests, and where the time of one went',
  usage: ['weft traces [flags]', 'weft traces ID [flags]', 'weft traces last [flags]'],
  examples: [
    { run: 'weft traces', does: 'the latest requests' },
    { run: 'weft traces last', does: 'the latest one as a waterfall' },
    { run: 'weft traces 4bf92f35', does: 'the one whose id begins so' },
    { run: 'weft traces --errors --component greeter', does: 'failed requests that greeter took part in' },
  ],
  flags: {
    ...latticeFlags,
    ...outputFlag,
    component: {
      type: 'string',
      value: 'ID',
      help: 'only traces that this component or provider took part in',
    },
    errors: { type: 'boolean', help: 'only traces with a failure' },
    'min-duration': { type: 'string', value: 'TIME', help: 'only traces that took so long, such as 50ms' },
    limit: { type: 'string', value: 'N', help: 'how many (default 20)' },
    follow: { type: 'boolean', short: 'f', help: 'go on with new ones until Ctrl-C' },
  },
  async run(input) {
    wantsJson(input)
    refuseExtra(input, 'weft traces', 1)
    if (input.args[0] !== undefined && input.flags['follow'])
      throw new WeftError('invalid', 'weft traces: --follow shows new traces, so it takes no id')
    const request = requestFrom(input)
    return withLattice(input, (open) => {
      const [id] = input.args
      if (id !== undefined) return showOne(input, open, id, request)
      return input.flags['follow'] ? follow(input, open, request) : list(input, open, request)
    })
  },
}

function requestFrom({ flags }: CommandInput): TraceRequest {
  const duration = durationFlag('min-duration', flags['min-duration'], 0)
  return {
    limit: flags['limit'] === undefined ? 20 : countFrom('--limit', flags['limit'], mostTraces),
    ...(typeof flags['component'] === 'string' && { component: flags['component'] }),
    ...(flags['errors'] === true && { errors: true }),
    ...(duration > 0 && { minDurationMs: duration }),
  }
}

/** The keeper is a Weft host of the same lattice, which has checked each span when it came in. */
async function latest(open: OpenLattice, request: TraceRequest): Promise<readonly TraceSummary[]> {
  return (await requestTraces({ ...open, request })).items as readonly TraceSummary[]
}

async function list(input: CommandInput, open: OpenLattice, request: TraceRequest): Promise<number> {
  const traces = await latest(open, request)
  if (wantsJson(input)) printJson(input, traces)
  else input.terminal.out(renderTraceList(traces, drawing(input)))
  return 0
}

async function showOne(
  input: CommandInput,
  open: OpenLattice,
  id: string,
  request: TraceRequest,
): Promise<number> {
  const wanted = id === 'last' ? await lastId(input, open, request) : id
  if (wanted === undefined) throw new WeftError('not_found', 'no traces yet: send a request first')
  if (!/^[0-9a-fA-F]{1,32}$/.test(wanted))
    throw new WeftError(
      'invalid',
      `a trace id is up to 32 hex digits, or \`last\`; got ${JSON.stringify(id)}`,
    )
  const { items, ids } = await requestTraces({ ...open, request: { id: wanted } })
  if (ids.length === 0) throw new WeftError('not_found', `no kept trace begins with ${wanted}`)
  if (ids.length > 1)
    throw new WeftError('invalid', `${wanted} fits ${ids.length} traces: ${ids.slice(0, 5).join(', ')}`)
  if (wantsJson(input)) printJson(input, items)
  else input.terminal.out(renderTrace(items as readonly SpanRecord[], drawing(input)))
  return 0
}

/** The latest trace, with time for what has ended this moment to come in. */
async function lastId(
  input: CommandInput,
  open: OpenLattice,
  request: TraceRequest,
): Promise<string | undefined> {
  await delay(onItsWayMs, undefined, { signal: input.terminal.signal }).catch(() => {})
  const [last] = await latest(open, { ...request, limit: 1 })
  return last?.traceId
}

/** Prints each trace that is new from now on once, when it has been quiet for a turn: its spans come one by one. */
async function follow(input: CommandInput, open: OpenLattice, request: TraceRequest): Promise<number> {
  const { out, signal } = input.terminal
  const look = () => latest(open, { ...request, limit: mostTraces })
  let printed = new Set((await look()).map((trace) => trace.traceId))
  let before = new Map<string, number>()
  let isFirst = true
  while (!signal.aborted) {
    await delay(followMs, undefined, { signal }).catch(() => {})
    const traces = await look()
    const isQuiet = (trace: TraceSummary) => before.get(trace.traceId) === trace.spans
    const fresh = traces.filter((trace) => !printed.has(trace.traceId) && isQuiet(trace))
    for (const trace of fresh.toReversed()) {
      const [title, ...line] = renderTraceList([trace], drawing(input)).split('\n')
      if (wantsJson(input)) out(`${JSON.stringify(trace)}\n`)
      else out((isFirst ? [title, ...line] : line).join('\n'))
      isFirst = false
    }
    const done = new Set(fresh.map((trace) => trace.traceId))
    // Only what is still kept can come again.
    printed = new Set(
      traces.flatMap(({ traceId }) => (printed.has(traceId) || done.has(traceId) ? [traceId] : [])),
    )
    before = new Map(traces.map((trace) => [trace.traceId, trace.spans]))
  }
  return 0
}

function drawing({ terminal }: CommandInput): { readonly width: number; readonly color: boolean } {
  return { width: terminal.width, color: terminal.isColour }
}
