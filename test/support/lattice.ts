import type { NatsConnection } from 'nats'
import { connectNats } from '../../src/lattice/connect.ts'
import type { ScaleRequest } from '../../src/lattice/control.ts'
import { type ControlClient, createControlClient } from '../../src/lattice/control-client.ts'
import { type LatticeEvent, subscribeEvents } from '../../src/lattice/events.ts'
import { createLog } from '../../src/log.ts'
import { type NatsServer, startNats } from './start-nats.ts'
import { until } from './until.ts'
import { openWorkplace, type RunningWeft, root } from './weft.ts'

/** A host process of a test lattice. */
export interface LatticeHost {
  readonly id: string
  readonly weft: RunningWeft
}

/** A NATS server and host processes on it, controlled by hand: nothing reconciles. */
export interface TestLattice {
  readonly nats: NatsServer
  readonly connection: NatsConnection
  readonly client: ControlClient
  readonly place: Awaited<ReturnType<typeof openWorkplace>>
  readonly events: readonly LatticeEvent[]
  /** Starts `weft host` with these flags and variables more, and waits until it has joined. */
  startHost(...more: (string | NodeJS.ProcessEnv)[]): Promise<LatticeHost>
  /** Runs a component, `path` from the top of the tree, and waits until it does. */
  scale(
    host: LatticeHost,
    component: Pick<ScaleRequest, 'component_id' | 'count'> & { readonly path: string },
  ): Promise<void>
  startProvider(host: LatticeHost, id: string, name: string): Promise<void>
  close(): Promise<void>
}

const startTimeoutMs = 60_000

export async function openLattice(
  options: { readonly natsArgs?: readonly string[] } = {},
): Promise<TestLattice> {
  const nats = await startNats(options.natsArgs)
  const connection = await connectNats({ url: nats.url, name: 'test' })
  const place = await openWorkplace()
  const client = createControlClient({ connection, lattice: 'default', timeoutMs: 20_000 })
  const events: LatticeEvent[] = []
  subscribeEvents({
    connection,
    lattice: 'default',
    log: createLog(() => {}),
    onEvent: (event) => events.push(event),
  })
  const happened = (name: string, data: Record<string, unknown>) =>
    until(() => events.some((event) => event.name === name && includes(event.data, data)), {
      timeoutMs: startTimeoutMs,
      what: `${name} ${JSON.stringify(data)}`,
    })
  return {
    nats,
    connection,
    client,
    place,
    events,
    async startHost(...more) {
      const flags = more.filter((one) => typeof one === 'string')
      const env = Object.assign({}, ...more.filter((one) => typeof one !== 'string'))
      const weft = place.start(['host', '--nats-url', nats.url, '--threads', '1', ...flags], env)
      const [, id = ''] = await weft.seen(/\((N[A-Z2-7]{55})\) has joined lattice/)
      return { id, weft }
    },
    async scale({ id: host_id }, { component_id, count, path }) {
      const component_ref = `file://${root}/${path}`
      await client.scale({
        host_id,
        component_id,
        component_ref,
        count,
        annotations: {},
        config: [],
        allow_update: true,
      })
      await happened('component_scaled', { component_id, host_id, max_instances: count })
    },
    async startProvider({ id: host_id }, provider_id, name) {
      const provider_ref = `wasmcloud+builtin://${name}`
      await client.startProvider({ host_id, provider_id, provider_ref, config: [], annotations: {} })
      await happened('provider_started', { provider_id, host_id })
    },
    async close() {
      await place.close()
      await connection.close()
      await nats.stop()
    },
  }
}

function includes(data: object, part: Record<string, unknown>): boolean {
  const members = new Map(Object.entries(data))
  return Object.entries(part).every(([key, value]) => members.get(key) === value)
}
