import { randomUUID } from 'node:crypto'
import { WeftError } from '../errors.ts'
import { requestSpy, type Spied, type SpiedCall, type Spy, subscribeSpied } from '../lattice/spy.ts'
import { oneToken } from '../lattice/subjects.ts'
import { type Command, type CommandInput, latticeFlags, outputFlag } from './command.ts'
import { type OpenLattice, withLattice } from './connect-lattice.ts'
import { formatDuration } from './format-duration.ts'
import { countFrom, wantsJson } from './output.ts'
import { requiredArgument } from './pair-arguments.ts'
import { refuseExtra } from './refuse-extra.ts'
import { fit, paint, plain } from './terminal-text.ts'

const renewMs = 5_000
const forMs = 15_000

export const command: Command = {
  name: 'spy',
  summary: 'Watch the calls that a component or a builtin provider gets, as they happen',
  usage: ['weft spy COMPONENT [flags]'],
  examples: [
    { run: 'weft spy shop-cart', does: 'who calls it, what, how long, and how it ended' },
    { run: 'weft spy shop-cart --args', does: 'with the arguments' },
    { run: 'weft spy shop-cart --sample 0.01 -o json', does: 'one call in a hundred, as lines of JSON' },
  ],
  flags: {
    ...latticeFlags,
    ...outputFlag,
    args: { type: 'boolean', help: 'show the arguments, cut short where they are long' },
    sample: { type: 'string', value: 'SHARE', help: 'the share of calls to show, such as 0.1 (default 1)' },
    limit: { type: 'string', value: 'N', help: 'end after so many calls' },
  },
  async run(input) {
    const target = oneToken('COMPONENT', requiredArgument('weft spy COMPONENT', input.args, 0))
    refuseExtra(input, 'weft spy', 1)
    const limit = input.flags['limit']
    const most = limit === undefined ? Number.POSITIVE_INFINITY : countFrom('--limit', limit, 1_000_000)
    const spy = {
      id: randomUUID(),
      target,
      args: input.flags['args'] === true,
      sample: sampleFrom(input.flags['sample']),
      forMs,
    }
    wantsJson(input)
    return withLattice(input, (open) => watch(input, open, { spy, most }))
  },
}

function sampleFrom(text: unknown): number {
  if (text === undefined) return 1
  const sample = Number(text)
  if (sample > 0 && sample <= 1) return sample
  throw new WeftError('invalid', `--sample: expected a share such as 0.1, got ${JSON.stringify(text)}`)
}

async function watch(
  input: CommandInput,
  open: OpenLattice,
  { spy, most }: { readonly spy: Spy; readonly most: number },
): Promise<number> {
  const { terminal } = input
  const enough = Promise.withResolvers<void>()
  terminal.signal.addEventListener('abort', () => enough.resolve())
  let shown = 0
  const heard = subscribeSpied({
    ...open,
    spyId: spy.id,
    onSpied(spied) {
      const room = most - shown
      shown += Math.min(room, spied.calls.length)
      print(input, { ...spied, calls: spied.calls.slice(0, room) })
      if (shown >= most) enough.resolve()
    },
  })
  const answers = await requestSpy({ ...open, spy })
  const hosts = answers.filter(({ runs }) => runs).map(({ host }) => host)
  if (hosts.length === 0) throw new WeftError('not_found', nobodyRuns(spy.target, answers.length))
  if (!wantsJson(input))
    terminal.err(`watching the calls of ${spy.target} on ${hosts.toSorted().join(', ')}; Ctrl-C ends it\n`)
  const timer = setInterval(() => void requestSpy({ ...open, spy }).catch(() => {}), renewMs)
  if (!terminal.signal.aborted) await enough.promise
  clearInterval(timer)
  heard.stop()
  await requestSpy({ ...open, spy: { ...spy, forMs: 0 } }).catch(() => {})
  return 0
}

function nobodyRuns(target: string, hosts: number): string {
  if (hosts === 0) return 'no Weft host answers in this lattice: start one with `weft up`'
  const hint =
    'see what does with `weft get components`; providers in processes of their own cannot be watched'
  return `${target} runs on none of the ${hosts} hosts: ${hint}`
}

function print(input: CommandInput, { host, calls, missed }: Spied): void {
  const { terminal } = input
  for (const call of calls) {
    terminal.out(
      wantsJson(input)
        ? `${JSON.stringify({ ...call, host, args: call.args === '' ? undefined : parsed(call.args) })}\n`
        : lineOf(input, host, call),
    )
  }
  if (missed > 0) terminal.err(`weft: ${missed} more calls on ${plain(host)} are not shown\n`)
}

/** What was cut is no JSON any more, and stays text. */
function parsed(args: string): unknown {
  try {
    return JSON.parse(args)
  } catch {
    return args
  }
}

function lineOf({ terminal }: CommandInput, host: string, call: SpiedCall): string {
  const color = { color: terminal.isColour }
  const outcome = call.error === '' ? call.outcome : `${call.outcome}: ${call.error}`
  const isGood = call.outcome === 'ok'
  return `${[
    paint('dim', new Date(call.time).toISOString().slice(11, 23), color),
    fit(call.source, 20).trimEnd(),
    '→',
    paint('cyan', plain(call.operation), color),
    formatDuration(call.ms),
    isGood ? outcome : paint('red', plain(outcome), color),
    ...(call.args === '' ? [] : [plain(call.args)]),
    paint('dim', `${plain(call.traceId)} @${plain(host)}`, color),
  ].join(' ')}\n`
}
