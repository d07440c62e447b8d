import { type Load, startBeat } from '../../src/lattice/beat.ts'
import { openBuckets } from '../../src/lattice/buckets.ts'
import { connectNats } from '../../src/lattice/connect.ts'
import type { ControlHandlers, ScaleRequest } from '../../src/lattice/control.ts'
import { serveControl } from '../../src/lattice/control-server.ts'
import { createEventPublisher } from '../../src/lattice/events.ts'
import { createHostIdentity } from '../../src/lattice/host-identity.ts'
import type { ComponentDescription, ProviderDescription } from '../../src/lattice/inventory.ts'
import type { Log } from '../../src/log.ts'

export interface FakeHost {
  readonly id: string
  readonly components: ReadonlyMap<string, ComponentDescription>
  readonly providers: ReadonlyMap<string, ProviderDescription>
  /** Every command, as `scale hello 3`, in order, of all time. */
  readonly commands: readonly string[]
  /** From now on starting this component or provider fails with this error; undefined lets it start. */
  failWith(id: string, error: string | undefined): void
  /** From now on its beats say this of a component. */
  load(id: string, load: Partial<Load>): void
  /** From now on its inventory says that this provider is not well; no event tells. */
  sicken(id: string, problem: string): void
  /** Stops a component that runs, as a host does with one that does harm again and again. */
  giveUp(id: string, error: string): void
  /** From now on it answers nothing, but beats on. */
  hang(): Promise<void>
  /** Ends without a word, as a killed process does. */
  kill(): Promise<void>
}

/** A host that runs nothing but remembers what it should run, and tells of it as a real one would. */
export async function startFakeHost(options: {
  readonly url: string
  readonly lattice: string
  readonly log: Log
  readonly labels?: Readonly<Record<string, string>>
  /** Between two beats; default 100 ms. */
  readonly beatMs?: number
  /** Between two heartbeats with the whole inventory; none when left out. */
  readonly heartbeatMs?: number
}): Promise<FakeHost> {
  const { url, lattice, log, labels = {}, beatMs = 100, heartbeatMs } = options
  const connection = await connectNats({ url, name: 'fake host' })
  const { id, friendlyName } = createHostIdentity()
  const publish = createEventPublisher(connection, lattice, id)
  const components = new Map<string, ComponentDescription>()
  const providers = new Map<string, ProviderDescription>()
  const failing = new Map<string, string>()
  const commands: string[] = []
  const loads = new Map<string, Load>()
  const accepted = { success: true, message: '' }
  const uptime = { uptime_human: '1s', uptime_seconds: 1, version: '0.1.0' }
  const about = { friendly_name: friendlyName, labels, ...uptime }
  const scale = (request: ScaleRequest) => {
    const { component_id, count, component_ref: image_ref, annotations } = request
    commands.push(`scale ${component_id} ${count}`)
    const told = { host_id: id, component_id, image_ref, annotations, max_instances: count }
    const error = count > 0 ? failing.get(component_id) : undefined
    setImmediate(() => {
      if (error !== undefined) return publish('component_scale_failed', { ...told, error })
      const running = {
        id: component_id,
        image_ref,
        annotations,
        revision: 0,
        max_instances: count,
        limits: null,
      }
      if (count === 0) components.delete(component_id)
      else components.set(component_id, running)
      publish('component_scaled', told)
    })
    return accepted
  }
  const handlers: ControlHandlers = {
    summary: () => ({ id, lattice, ...about }),
    inventory: () => ({
      host_id: id,
      ...about,
      components: [...components.values()],
      providers: [...providers.values()],
    }),
    bidForComponent: () => true,
    bidForProvider: () => true,
    scaleComponent: scale,
    updateComponent: () => ({ success: false, message: 'the controller must not update' }),
    startProvider({ provider_id, provider_ref, annotations }) {
      commands.push(`start ${provider_id}`)
      const error = failing.get(provider_id)
      setImmediate(() => {
        if (error !== undefined)
          return publish('provider_start_failed', { provider_id, provider_ref, host_id: id, error })
        providers.set(provider_id, { id: provider_id, image_ref: provider_ref, annotations, revision: 0 })
        publish('provider_started', { provider_id, image_ref: provider_ref, annotations, host_id: id })
      })
      return accepted
    },
    async stopProvider(provider_id) {
      commands.push(`stop ${provider_id}`)
      const annotations = providers.get(provider_id)?.annotations ?? {}
      providers.delete(provider_id)
      publish('provider_stopped', { provider_id, annotations, host_id: id, reason: 'stop' })
      return accepted
    },
    stopHost: () => accepted,
    putLabel: () => accepted,
    deleteLabel: () => accepted,
    putRegistries: () => accepted,
  }
  const buckets = await openBuckets({ connection, lattice, log })
  const control = await serveControl({
    connection,
    lattice,
    buckets,
    publishEvent: publish,
    hostId: id,
    handlers,
    log,
  })
  const beat = startBeat({
    connection,
    lattice,
    hostId: id,
    friendlyName,
    components: () => Object.fromEntries(loads),
    log,
    intervalMs: beatMs,
  })
  publish('host_started', { friendly_name: friendlyName, labels, uptime_seconds: 0, version: '0.1.0' })
  const heartbeat =
    heartbeatMs === undefined
      ? undefined
      : setInterval(() => publish('host_heartbeat', handlers.inventory()), heartbeatMs)
  return {
    id,
    components,
    providers,
    commands,
    load: (name, load) => {
      loads.set(name, { inFlight: 0, max: 1, waiting: 0, calls: 0, traps: 0, ...load })
    },
    giveUp(name, error) {
      const running = components.get(name)
      if (!running) throw new Error(`${name} does not run`)
      components.delete(name)
      const { image_ref, annotations, max_instances } = running
      const told = { host_id: id, component_id: name, image_ref, annotations }
      publish('component_scaled', { ...told, max_instances: 0 })
      publish('component_scale_failed', { ...told, max_instances, error })
    },
    async hang() {
      await control.stop()
      connection.subscribe(`wasmbus.ctl.v1.${lattice}.*.*.${id}`, { callback: () => {} })
      await connection.flush()
    },
    failWith: (name, error) => (error === undefined ? failing.delete(name) : failing.set(name, error)),
    sicken(name, problem) {
      const provider = providers.get(name)
      if (provider) providers.set(name, { ...provider, problem })
    },
    async kill() {
      clearInterval(heartbeat)
      await connection.close()
      beat.stop()
    },
  }
}
