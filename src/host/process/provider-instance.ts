import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import type { TelemetrySettings } from '../../component-settings.ts'
import { formatHostData, type HostData } from '../../lattice/host-data.ts'
import type { ProviderControl } from '../../lattice/provider-control.ts'
import { providerSecrets } from '../../lattice/provider-secrets.ts'
import { startTethered } from '../../lattice/tethered-process.ts'
import { createXkey, type Xkey } from '../../lattice/xkey.ts'
import type { Log } from '../../log.ts'
import type { NatsLogin } from '../../nats-login.ts'
import type { ProviderLink } from '../../provider.ts'
import type { Secrets } from '../../secret.ts'
import { timerMs } from '../../timer-ms.ts'
import { Bell } from './bell.ts'
import { commandOf, environmentOf } from './command.ts'
import { deliverLinks } from './deliver-links.ts'
import { logProviderLine } from './log-lines.ts'
import { resolveLink } from './resolve-link.ts'

/** A provider as it should run in a process of its own. */
export interface PlannedProcess {
  readonly id: string
  /** The program or script. */
  readonly path: string
  /** The reference that it came by. */
  readonly ref: string
  readonly application?: string
  readonly telemetry?: TelemetrySettings
  readonly config: Readonly<Record<string, string>>
  readonly secrets: Secrets
  readonly links: readonly ProviderLink[]
}

/** What every provider process of a host needs. */
export interface ProcessSurroundings {
  readonly hostId: string
  readonly lattice: string
  /** The server that carries calls. */
  readonly natsUrl: string
  readonly natsLogin?: NatsLogin | undefined
  /** User JWT and seed of that login; empty where it has none. */
  readonly natsUser: { readonly jwt: string; readonly seed: string }
  /** Seals the secrets of links. */
  readonly xkey: Xkey
  /** The program, for Node, that runs a provider written as a module. */
  readonly runner: string
  readonly env: NodeJS.ProcessEnv
  /** What a provider is told of where its telemetry goes: variables, and the part of HostData. */
  readonly telemetryOf: (provider: PlannedProcess) => {
    readonly env: Readonly<Record<string, string>>
    readonly otel: HostData['otel_config']
  }
  readonly control: (id: string, instance: string) => ProviderControl
  readonly log: Log
}

/** One run of a provider's program. */
export interface ProviderInstance {
  readonly id: string
  readonly pid: number
  readonly control: ProviderControl
  /** Resolves with how it ended, and what it said last. */
  readonly ended: Promise<string>
  hasEnded(): boolean
  /** Rings when a link was put: whether the provider could take it, its health tells. */
  readonly linkPut: Bell
  update(plan: PlannedProcess): void
  /** Asks it to end, and ends it when it has not within `graceMs`. */
  stop(graceMs: number): Promise<void>
}

/** How long a provider may take to say that it will end: wasmCloud waits 300 ms, on machines that are not busy. */
const shutdownAnswerMs = 1_000

/** How long a provider is waited for that has heard of a deleted link, and the pause for it to act. */
const settleMs = 1_000
const afterDeleteMs = 50

/** Starts the program and writes HostData to its stdin; it may not have read it yet when this resolves. */
export async function startInstance(
  plan: PlannedProcess,
  around: ProcessSurroundings,
): Promise<ProviderInstance> {
  const key = createXkey()
  const instance = randomUUID()
  const keys = { host: around.xkey, provider: key.publicKey }
  const resolve = (link: ProviderLink) => resolveLink(link, keys)
  const log = around.log.with({ provider: plan.id, stream: 'stderr' })
  const telemetry = around.telemetryOf(plan)
  let lastLine = ''
  const child = await startTethered({
    command: commandOf(plan.path, around.runner),
    env: { ...environmentOf(around.env, around.natsLogin), ...telemetry.env },
    input: formatHostData(hostData(plan, { ...around, otel: telemetry.otel, key, instance, resolve })),
    onLine(line) {
      lastLine = logProviderLine(log, line) || lastLine
    },
  })
  const control = around.control(plan.id, key.publicKey)
  const linkPut = new Bell()
  const links = deliverLinks({
    control,
    links: plan.links,
    resolve,
    // A provider in Rust does one thing at a time, in no order: who answers this has next to nothing left to do before.
    async settle() {
      await control.askHealth(settleMs)
      await delay(afterDeleteMs, undefined, { ref: false })
    },
    onPut: () => linkPut.ring(),
  })
  let config = JSON.stringify(plan.config)
  const ended = child.ended.then((how) => {
    links.stop()
    return lastLine === '' ? how : `${how}, after it said: ${lastLine.slice(0, 500)}`
  })
  return {
    id: instance,
    pid: child.pid,
    control,
    ended,
    hasEnded: child.hasEnded,
    linkPut,
    update(next) {
      if (JSON.stringify(next.config) !== config) control.putConfig(next.config)
      config = JSON.stringify(next.config)
      links.update(next.links)
    },
    async stop(graceMs) {
      if (await control.shutDown(shutdownAnswerMs)) await endedWithin(ended, graceMs)
      await child.stop(graceMs)
    },
  }
}

async function endedWithin(ended: Promise<unknown>, ms: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const timer = setTimeout(resolve, timerMs(ms))
  await Promise.race([ended, promise])
  clearTimeout(timer)
}

interface Introduction extends ProcessSurroundings {
  readonly otel: HostData['otel_config']
  readonly key: Xkey
  readonly instance: string
  readonly resolve: (link: ProviderLink) => HostData['link_definitions'][number]
}

function hostData(plan: PlannedProcess, around: Introduction): HostData {
  return {
    host_id: around.hostId,
    lattice_rpc_prefix: around.lattice,
    link_name: 'default',
    lattice_rpc_user_jwt: around.natsUser.jwt,
    lattice_rpc_user_seed: around.natsUser.seed,
    lattice_rpc_url: around.natsUrl,
    provider_key: plan.id,
    instance_id: around.instance,
    env_values: {},
    link_definitions: plan.links.map(around.resolve),
    cluster_issuers: [],
    config: plan.config,
    secrets: providerSecrets(plan.secrets),
    host_xkey_public_key: around.xkey.publicKey,
    provider_xkey_private_key: around.key.seed,
    default_rpc_timeout_ms: 2_000,
    structured_logging: true,
    log_level: 'info',
    otel_config: around.otel,
  }
}
