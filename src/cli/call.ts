import { randomUUID } from 'node:crypto'
import { Artifacts } from '../artifact/artifacts.ts'
import { CallCourse } from '../call/course.ts'
import { newSpanId, newTraceId } from '../call/trace-context.ts'
import { preciseNow } from '../clock.ts'
import { WeftError } from '../errors.ts'
import { defaultArtifactDir } from '../guest/cache.ts'
import { servedInterfaces } from '../guest/served.ts'
import { createControlClient } from '../lattice/control-client.ts'
import { requestWake } from '../lattice/wake.ts'
import { nearestName } from '../manifest/nearest-name.ts'
import { decodeWorld } from '../wit/decode-component.ts'
import { jsonFromValue } from '../wit/json-from-value.ts'
import { withoutVersion } from '../wit/names.ts'
import type { WitFunction, WitInterface } from '../wit/type.ts'
import { valueFromJson } from '../wit/value-from-json.ts'
import { openInbox } from '../wrpc/inbox.ts'
import { invokeOver } from '../wrpc/invoke.ts'
import { artifactRulesFrom, registryFlags } from './artifact-flags.ts'
import { type Command, type CommandInput, latticeFlags, outputFlag } from './command.ts'
import { type OpenLattice, withLattice } from './connect-lattice.ts'
import { inventories } from './find-hosts.ts'
import { durationFlag, printJson, wantsJson } from './output.ts'
import { requiredArgument } from './pair-arguments.ts'

/** How long a component that sleeps may take to start. */
const wakeMs = 10_000

export const command: Command = {
  name: 'call',
  summary: 'Call a function of a running component; arguments and result are JSON',
  usage: ['weft call COMPONENT INTERFACE.FUNCTION [JSON…] [flags]'],
  examples: [
    { run: 'weft call chain-greeter greetings/greeter.greet \'"Ada"\'', does: 'the package may be left out' },
    { run: 'weft call calc weft-test:calc/api.add 1 2', does: 'one argument for each parameter' },
  ],
  flags: {
    ...latticeFlags,
    ...outputFlag,
    ...registryFlags,
    'allow-latest': { type: 'boolean', help: 'the component may be an image tagged latest' },
    'allowed-insecure': {
      type: 'string',
      multiple: true,
      value: 'HOST',
      help: 'registry spoken to over plain HTTP',
    },
    timeout: { type: 'string', value: 'TIME', help: 'how long the call may take (default 10s)' },
  },
  async run(input) {
    const what = 'weft call COMPONENT INTERFACE.FUNCTION'
    const id = requiredArgument(what, input.args, 0)
    const name = requiredArgument(what, input.args, 1)
    wantsJson(input)
    const timeoutMs = durationFlag('timeout', input.flags['timeout'], 10_000)
    const traceId = newTraceId()
    const tellTrace = () => input.terminal.err(`trace ${traceId}\n`)
    const result = await withLattice(input, async (open) => {
      const operation = findFunction(await interfacesOf(input, open, id), name)
      const args = argumentsFor(operation.function, input.args.slice(2))
      return call(open, { id, operation, args, traceId, timeoutMs }).catch((error: unknown) => {
        tellTrace()
        throw error
      })
    })
    if (wantsJson(input)) printJson(input, { result, traceId })
    else {
      input.terminal.out(`${JSON.stringify(result, null, 2)}\n`)
      tellTrace()
    }
    return 0
  },
}

/** What the component serves, read from its own binary: the image that a host says it runs. */
async function interfacesOf(
  input: CommandInput,
  open: OpenLattice,
  id: string,
): Promise<readonly WitInterface[]> {
  const look = async () =>
    (await inventories(createControlClient(open)))
      .flatMap(({ components }) => components)
      .find((component) => component.id === id)
  const found = (await look()) ?? ((await isWoken(open, id)) ? await look() : undefined)
  if (!found) throw new WeftError('not_found', `component ${id} runs on no host`)
  const artifacts = new Artifacts({
    rules: artifactRulesFrom(input),
    cacheDir: defaultArtifactDir(input.terminal.env),
    env: input.terminal.env,
    log: open.log,
  })
  const { bytes } = await artifacts.fetch(found.image_ref, 'component')
  return servedInterfaces(decodeWorld(bytes)).filter(({ id: one }) => !one.startsWith('wrpc:http/'))
}

/** A component that sleeps is woken by who calls it. */
async function isWoken(open: OpenLattice, target: string): Promise<boolean> {
  const end = performance.now() + wakeMs
  while (performance.now() < end) {
    const answer = await requestWake({ ...open, target })
    if (answer.state === 'failing')
      throw new WeftError('unavailable', `component ${target} runs nowhere: ${answer.reason}`)
    if (answer.state !== 'starting') return answer.state === 'running'
  }
  return false
}

interface Operation {
  readonly interface: string
  readonly function: WitFunction
}

/** Finds `ns:pkg/iface@1.0.0.fn`, with version and package left out where that is clear. */
function findFunction(interfaces: readonly WitInterface[], name: string): Operation {
  const all = interfaces.flatMap((one) => one.functions.map((fn) => ({ interface: one.id, function: fn })))
  const spellings = ({ interface: id, function: { name: fn } }: Operation) => {
    const plain = withoutVersion(id)
    return [
      `${id}.${fn}`,
      `${plain}.${fn}`,
      `${plain.split(':')[1] ?? plain}.${fn}`,
      `${plain.split('/')[1] ?? plain}.${fn}`,
      fn,
    ]
  }
  const fits = all.filter((operation) => spellings(operation).includes(name))
  const [first] = fits
  if (first && fits.length === 1) return first
  const known = all.map((operation) => spellings(operation)[1] ?? '')
  if (fits.length > 1)
    throw new WeftError(
      'invalid',
      `${name} fits several functions: ${known.filter((one) => one.endsWith(name)).join(', ')}`,
    )
  const near = nearestName(name, [...known, ...all.map(({ function: fn }) => fn.name)])
  const hint =
    near === undefined
      ? `it exports ${known.join(', ') || 'none that can be called'}`
      : `did you mean ${near}?`
  throw new WeftError('invalid', `the component has no function ${name}: ${hint}`)
}

function argumentsFor({ name, params }: WitFunction, given: readonly string[]): unknown[] {
  if (given.length !== params.length) {
    const expected = params.map((param) => `${param.name}: ${param.type.kind}`).join(', ')
    throw new WeftError(
      'invalid',
      `${name} takes ${params.length} arguments (${expected}), got ${given.length}`,
    )
  }
  return params.map((param, index) =>
    valueFromJson(param.type, jsonFrom(param.name, given[index] ?? ''), param.name),
  )
}

function jsonFrom(name: string, text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new WeftError(
      'invalid',
      `${name}: ${JSON.stringify(text)} is not JSON; text is written '"like this"'`,
      { cause },
    )
  }
}

async function call(
  { connection, lattice, log }: OpenLattice,
  what: {
    readonly id: string
    readonly operation: Operation
    readonly args: readonly unknown[]
    readonly traceId: string
    readonly timeoutMs: number
  },
): Promise<unknown> {
  const value = await invokeOver({ connection, inbox: openInbox(connection), lattice, log })({
    source: `cli-${randomUUID()}`,
    target: what.id,
    operation: what.operation,
    args: what.args,
    context: {
      trace: { traceId: what.traceId, spanId: newSpanId(), sampled: true, traceState: '' },
      baggage: '',
      deadline: preciseNow() + what.timeoutMs,
      linkName: 'default',
    },
    signal: AbortSignal.timeout(what.timeoutMs),
    course: new CallCourse(),
  })
  const { result } = what.operation.function
  return result ? jsonFromValue(result, value) : null
}
