import { errors, type NatsConnection } from 'nats'
import { WeftError } from '../errors.ts'
import type { TraceHeaders } from '../trace-work.ts'
import type { ConfigMap } from './buckets.ts'
import { collectReplies } from './collect-replies.ts'
import type { ScaleRequest, StartProviderRequest, UpdateRequest } from './control.ts'
import type { HostInventory, HostSummary } from './inventory.ts'
import { inventoryShape, summaryShape } from './inventory-shape.ts'
import type { Link } from './link.ts'
import { type LinkKey, linkShape } from './link-shape.ts'
import { anything, flag, listOf, mapOf, or, parseJson, record, type Shape, text } from './shape.ts'
import { controlSubjects, oneToken } from './subjects.ts'
import { withTrace } from './trace-headers.ts'

export interface ControlClientOptions {
  /** The trace that its requests belong to. */
  readonly trace?: TraceHeaders
  readonly connection: NatsConnection
  readonly lattice: string
  /** How long a host may take to answer, in ms; default 2000. Also the longest that `ping` waits for its first answer. */
  readonly timeoutMs?: number
  /** `ping` ends when no further host has answered for so long, in ms; default 150. */
  readonly quietMs?: number
  /** Default `wasmbus.ctl`. */
  readonly controlPrefix?: string
}

/**
 * Commands and questions to the hosts of a lattice. A command gives back the host's message when it was accepted; what
 * comes of it shows in events. A refusal is thrown as `invalid` with the host's message, no host as `unavailable`, a
 * host that says nothing as `deadline`.
 */
export interface ControlClient {
  /** Every host that answers; none is an empty list. */
  ping(): Promise<readonly HostSummary[]>
  inventory(hostId: string): Promise<HostInventory>
  scale(request: ScaleRequest): Promise<string>
  update(request: UpdateRequest): Promise<string>
  startProvider(request: StartProviderRequest): Promise<string>
  stopProvider(hostId: string, providerId: string): Promise<string>
  /** `graceMs` is how long the host may drain. */
  stopHost(hostId: string, graceMs?: number): Promise<string>
  putLabel(hostId: string, key: string, value: string): Promise<string>
  delLabel(hostId: string, key: string): Promise<string>
  putLink(link: Link): Promise<string>
  deleteLink(key: LinkKey): Promise<string>
  links(): Promise<readonly Link[]>
  putConfig(name: string, config: ConfigMap): Promise<string>
  /** Undefined when there is no config of that name. */
  getConfig(name: string): Promise<ConfigMap | undefined>
  deleteConfig(name: string): Promise<string>
  claims(): Promise<readonly ConfigMap[]>
}

const defaultTimeoutMs = 2_000
const defaultQuietMs = 150

const replyShape = record({ success: flag, message: or(text, '') }, { response: anything })

/** Makes a client of the control interface; it holds nothing but the connection. */
export function createControlClient(options: ControlClientOptions): ControlClient {
  const subjects = controlSubjects(options.lattice, options.controlPrefix)
  const ask = (subject: string, body?: unknown) => request({ ...options, subject, body })
  const command = async (subject: string, body?: unknown) => (await ask(subject, body)).message
  const query = async <T>(subject: string, shape: Shape<T>) => {
    const { response } = await ask(subject)
    return readAnswer(subject, () => shape(response, 'response'))
  }
  const host = (hostId: string) => oneToken('host id', hostId)
  const config = (name: string) => oneToken('config name', name)
  return {
    ping: () => ping(options),
    inventory: async (id) => {
      const inventory = await query(subjects.hostGet(host(id)), inventoryShape)
      return inventory.host_id === '' ? { ...inventory, host_id: id } : inventory
    },
    scale: async (body) => command(subjects.componentScale(host(body.host_id)), body),
    update: async (body) => command(subjects.componentUpdate(host(body.host_id)), body),
    startProvider: async (body) => command(subjects.providerStart(host(body.host_id)), body),
    stopProvider: async (id, provider_id) =>
      command(subjects.providerStop(host(id)), { host_id: id, provider_id }),
    stopHost: async (id, timeout) => command(subjects.hostStop(host(id)), { host_id: id, timeout }),
    putLabel: async (id, key, value) => command(subjects.labelPut(host(id)), { key, value }),
    delLabel: async (id, key) => command(subjects.labelDel(host(id)), { key }),
    putLink: (link) => command(subjects.linkPut, link),
    deleteLink: (key) => command(subjects.linkDel, key),
    links: () => query(subjects.linkGet, or(listOf(linkShape), [])),
    putConfig: async (name, map) => command(subjects.configPut(config(name)), map),
    getConfig: async (name) =>
      query(subjects.configGet(config(name)), or<ConfigMap | undefined>(mapOf(text), undefined)),
    deleteConfig: async (name) => command(subjects.configDel(config(name))),
    claims: () => query(subjects.claimsGet, or(listOf(mapOf(text)), [])),
  }
}

async function ping(options: ControlClientOptions): Promise<readonly HostSummary[]> {
  const replies = await collectReplies({
    connection: options.connection,
    subject: controlSubjects(options.lattice, options.controlPrefix).hostPing,
    timeoutMs: options.timeoutMs ?? defaultTimeoutMs,
    quietMs: options.quietMs ?? defaultQuietMs,
  })
  const hosts = replies.flatMap((bytes) => {
    try {
      const reply = parseJson(bytes, replyShape)
      return reply.success ? [summaryShape(reply.response, 'response')] : []
    } catch {
      // An answer that nobody can read must not hide the hosts that answered well.
      return []
    }
  })
  return [...new Map(hosts.map((summary) => [summary.id, summary])).values()]
}

async function request(options: ControlClientOptions & { subject: string; body: unknown }) {
  const { connection, subject, lattice, timeoutMs: timeout = defaultTimeoutMs } = options
  const payload = options.body === undefined ? '' : JSON.stringify(options.body)
  const message = await connection
    .request(subject, payload, { timeout, ...(options.trace && { headers: withTrace(options.trace) }) })
    .catch((cause: unknown) => {
      throw noAnswer({ cause, subject, lattice, timeout })
    })
  const reply = readAnswer(subject, () => parseJson(message.data, replyShape))
  if (!reply.success) throw new WeftError('invalid', reply.message)
  return reply
}

function noAnswer(asked: { cause: unknown; subject: string; lattice: string; timeout: number }): WeftError {
  const { cause, subject, lattice, timeout } = asked
  const host = /\.(N[A-Z2-7]{55})$/.exec(subject)?.[1]
  const who = host === undefined ? 'no host answers' : `host ${host} does not answer`
  if (cause instanceof errors.RequestError && cause.isNoResponders()) {
    const hint = host === undefined ? 'start one with `weft up`' : 'see which hosts run with `weft get hosts`'
    return new WeftError('unavailable', `${who} in lattice ${lattice}: ${hint}`, { cause })
  }
  if (cause instanceof errors.TimeoutError || (cause instanceof Error && cause.name === 'TimeoutError')) {
    return new WeftError('deadline', `${who} in lattice ${lattice} within ${timeout} ms (${subject})`, {
      cause,
    })
  }
  const text = cause instanceof Error ? cause.message : String(cause)
  return new WeftError('unavailable', `cannot ask lattice ${lattice} (${subject}): ${text}`, { cause })
}

function readAnswer<T>(subject: string, read: () => T): T {
  try {
    return read()
  } catch (cause) {
    const problem = WeftError.from(cause).message
    throw new WeftError('internal', `the answer to ${subject} cannot be read: ${problem}`, { cause })
  }
}
