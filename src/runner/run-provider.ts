import { setTimeout as delay } from 'node:timers/promises'
import type { Call } from '../call/call.ts'
import { CallCourse } from '../call/course.ts'
import { WeftError } from '../errors.ts'
import { connectNats } from '../lattice/connect.ts'
import { hearHost } from '../lattice/hear-host.ts'
import type { HostData } from '../lattice/host-data.ts'
import type { ProviderHealth } from '../lattice/provider-control.ts'
import { secretsFromProvider } from '../lattice/provider-secrets.ts'
import type { Log } from '../log.ts'
import type { NatsLogin } from '../nats-login.ts'
import type { Provider, ProviderContext, ProviderDefinition } from '../provider.ts'
import { type AroundCalls, type Connection, openCalls, type ProviderCalls } from './calls.ts'
import { Linked } from './linked.ts'
import { ownKey, providerLink } from './provider-link.ts'

export interface RunProviderOptions {
  /** What the host wrote to stdin. */
  readonly data: HostData
  /** TLS of NATS, for which HostData has no place. */
  readonly natsTls: Pick<NatsLogin, 'tls' | 'tlsCa' | 'tlsFirst'>
  readonly instrument: (connection: Connection) => AroundCalls & { stop(): Promise<void> }
  readonly log: Log
  /** Resolves when the process should end for another reason than that its host says so. */
  readonly interrupted: Promise<void>
}

/** A Rust host waits 300 ms for the answer to a shutdown, and kills when it has it. */
const answerMs = 200
/** What runs when a host asks for the end may take so long; the host ends a process that takes longer. */
const drainMs = 2_500

/**
 * Runs a provider in this process as the wasmCloud provider protocol has it, until its host says that it should end. A
 * start that fails is thrown: the process ends with it, and the host tells why.
 */
export async function runProvider(
  definition: ProviderDefinition,
  options: RunProviderOptions,
): Promise<void> {
  const { data, log } = options
  const login = loginOf(options)
  const connection = await connectNats({
    url: data.lattice_rpc_url,
    name: `${data.provider_key}-provider`,
    jetstream: false,
    log,
    login,
  })
  const around = options.instrument(connection)
  const calls = openCalls({ data, connection, around, log })
  const stopped = Promise.withResolvers<void>()
  try {
    const provider = await definition.start(contextOf({ data, login, calls, log }))
    await serveUntilEnd({ ...options, definition, provider, connection, calls, stopped: stopped.promise })
    await Promise.race([provider.stop(), delay(drainMs, undefined, { ref: false })])
    stopped.resolve()
  } finally {
    calls.stop()
    await around.stop()
    await connection.drain().catch(() => {})
  }
}

interface Served extends RunProviderOptions {
  readonly definition: ProviderDefinition
  readonly provider: Provider
  readonly connection: Connection
  readonly calls: ProviderCalls
  /** When the provider has stopped. */
  readonly stopped: Promise<void>
}

async function serveUntilEnd(served: Served): Promise<void> {
  const { data, definition, provider, connection, calls, log } = served
  const key = ownKey(data)
  const linked = new Linked({ provider, read: (link) => providerLink(link, data, key), log })
  const shutdown = Promise.withResolvers<void>()
  const host = hearHost({
    connection,
    lattice: data.lattice_rpc_prefix,
    hostId: data.host_id,
    id: data.provider_key,
    instance: key?.publicKey ?? data.provider_key,
    onLinkPut: (link) => linked.put(link),
    onLinkDeleted: (link) => linked.delete(link),
    onConfig: (config) => provider.putConfig?.(config),
    async onShutdown() {
      shutdown.resolve()
      await Promise.race([served.stopped, delay(answerMs, undefined, { ref: false })])
    },
    log,
  })
  for (const link of data.link_definitions) linked.put(link)
  const { serve } = provider
  const isCallable = serve && definition.exports.length > 0
  const serving = isCallable
    ? await calls.serve(definition.exports, async (call) => {
        const taken = linked.takenFor(call.source, call.context.linkName)
        if (taken) await taken
        return serve(call)
      })
    : undefined
  await linked.settled
  host.answerHealth(() => healthOf(provider, linked))
  await Promise.race([shutdown.promise, served.interrupted])
  linked.stop()
  await Promise.race([serving?.drain(), delay(drainMs, undefined, { ref: false })])
}

async function healthOf(provider: Provider, linked: Linked): Promise<ProviderHealth> {
  try {
    const refused = await linked.retry()
    const problem = (await provider.health?.()) ?? refused
    return problem === undefined ? { healthy: true } : { healthy: false, message: problem }
  } catch (error) {
    return { healthy: false, message: WeftError.from(error).message }
  }
}

function loginOf({ data, natsTls }: RunProviderOptions): NatsLogin {
  const { lattice_rpc_user_jwt: jwt, lattice_rpc_user_seed: seed } = data
  return { ...natsTls, ...(jwt !== '' && { jwt }), ...(seed !== '' && { seed }) }
}

/** On its way a call comes under a span of its own; who made it may make others of the same context, or the same again. */
function copyOf(call: Call): Call {
  const course = call.course.end === undefined ? call.course : new CallCourse()
  return { ...call, context: { ...call.context }, course }
}

function contextOf({
  data,
  login,
  calls,
  log,
}: Pick<RunProviderOptions, 'data' | 'log'> & {
  readonly login: NatsLogin
  readonly calls: ProviderCalls
}): ProviderContext {
  return {
    id: data.provider_key,
    hostId: data.host_id,
    lattice: data.lattice_rpc_prefix,
    natsUrl: data.lattice_rpc_url,
    natsLogin: login,
    isLeader: true,
    config: data.config,
    secrets: secretsFromProvider(data.secrets),
    log,
    invoke: (call) => calls.invoke(copyOf(call)),
    enter: (call, next) => calls.enter(copyOf(call), next),
  }
}
