import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Peer } from '../../src/lattice/beat.ts'
import { watchBeats } from '../../src/lattice/beat.ts'
import { connectNats } from '../../src/lattice/connect.ts'
import { type LatticeEvent, subscribeEvents } from '../../src/lattice/events.ts'
import { createLog } from '../../src/log.ts'
import { startNats } from './start-nats.ts'
import { until } from './until.ts'
import { freePort, openWorkplace, type RunningWeft } from './weft.ts'

/** A host process of a lab. */
export interface LabHost {
  readonly id: string
  readonly name: string
  readonly weft: RunningWeft
}

/** An event of the lattice with the moment it was heard, by `performance.now()`. */
export interface HeardEvent {
  readonly at: number
  readonly event: LatticeEvent
}

/** Real host processes on one NATS, watched from outside. */
export interface Lab {
  readonly natsUrl: string
  /** Kills NATS; `startNats` brings it back on the same port with the same store. */
  killNats(): Promise<void>
  startNats(): Promise<void>
  readonly place: Awaited<ReturnType<typeof openWorkplace>>
  readonly lattice: string
  readonly connection: Awaited<ReturnType<typeof connectNats>>
  readonly peers: ReadonlyMap<string, Peer>
  readonly events: readonly HeardEvent[]
  /** Starts `weft host` with these flags and waits until it has joined. */
  host(
    flags?: readonly string[],
    options?: { readonly natsUrl?: string; readonly within?: readonly string[] },
  ): Promise<LabHost>
  /** Runs `weft` to its end; fails with what it said when that was no success. */
  weft(...args: readonly string[]): Promise<string>
  /** Instances of a component or provider by host, as events tell since the lab began. */
  running(id: string): ReadonlyMap<string, number>
  /** Waits until instances of the component over the hosts `on` (default all) are so many; gives how long it took. */
  instances(
    id: string,
    count: number,
    options?: { readonly on?: readonly LabHost[]; readonly timeoutMs?: number },
  ): Promise<number>
  close(): Promise<void>
}

const log = createLog(() => {})

/** Opens a lab with a NATS of its own, which listens on `address`. */
export async function openLab({ address = '127.0.0.1' }: { readonly address?: string } = {}): Promise<Lab> {
  const store = await mkdtemp(join(tmpdir(), 'weft-lab-'))
  const port = await freePort()
  const start = () => startNats(['-a', address, '-p', String(port), '-sd', store])
  let nats = await start()
  const natsUrl = `nats://127.0.0.1:${port}`
  const place = await openWorkplace()
  const lattice = 'lab'
  const env = { WEFT_NATS_URL: natsUrl, WEFT_LATTICE: lattice }
  Object.assign(place.env, env)
  const connection = await connectNats({ url: natsUrl, name: 'lab' })
  const beats = watchBeats({ connection, lattice, log })
  const events: HeardEvent[] = []
  const running = new Map<string, Map<string, number>>()
  const note = (id: string, host: string, count: number) => {
    const hosts = running.get(id) ?? new Map<string, number>()
    running.set(id, hosts)
    if (count === 0) hosts.delete(host)
    else hosts.set(host, count)
  }
  const heard = subscribeEvents({
    connection,
    lattice,
    log,
    onEvent(event) {
      events.push({ at: performance.now(), event })
      const { name, source, data } = event
      if (name === 'component_scaled') note(data.component_id, source, data.max_instances)
      else if (name === 'provider_started') note(data.provider_id, source, 1)
      else if (name === 'provider_stopped') note(data.provider_id, source, 0)
      else if (name === 'host_stopped') for (const hosts of running.values()) hosts.delete(source)
    },
  })
  await connection.flush()
  return {
    natsUrl,
    async killNats() {
      nats.process.kill('SIGKILL')
      await nats.stop()
    },
    async startNats() {
      nats = await start()
    },
    place,
    lattice,
    connection,
    peers: beats.peers,
    events,
    async host(flags = [], { natsUrl, within = [] } = {}) {
      const own = natsUrl === undefined ? {} : { WEFT_NATS_URL: natsUrl }
      const weft = place.start(['host', '--threads', '1', ...flags], own, within)
      const [, name = '', id = ''] = await weft.seen(/host (\S+) \((\w+)\) has joined/)
      return { id, name, weft }
    },
    async weft(...args) {
      const { code, out, err } = await place.run(args)
      if (code !== 0) throw new Error(`weft ${args.join(' ')} ended with ${code}: ${err}${out}`)
      return out
    },
    running: (id) => running.get(id) ?? new Map(),
    async instances(id, count, { on, timeoutMs = 60_000 } = {}) {
      const start = performance.now()
      const ids = on && new Set(on.map((host) => host.id))
      const total = () =>
        [...(running.get(id) ?? [])].reduce((sum, [host, n]) => (!ids || ids.has(host) ? sum + n : sum), 0)
      await until(() => total() === count, { timeoutMs, what: `${count} instances of ${id}` }).catch(
        (error: unknown) => {
          throw new Error(`${String(error)}, there are ${total()}`)
        },
      )
      return performance.now() - start
    },
    async close() {
      heard.stop()
      beats.stop()
      await connection.close().catch(() => {})
      await place.close()
      await nats.stop()
      await rm(store, { recursive: true, force: true })
    },
  }
}
