import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { type AppClient, createAppClient } from '../../src/controller/api-client.ts'
import { type Controller, startController } from '../../src/controller/controller.ts'
import { openBuckets } from '../../src/lattice/buckets.ts'
import { connectNats } from '../../src/lattice/connect.ts'
import { createControlClient } from '../../src/lattice/control-client.ts'
import { createLog } from '../../src/log.ts'
import type { NatsServer } from '../support/start-nats.ts'
import { until } from '../support/until.ts'
import { type FakeHost, startFakeHost } from './fake-host.ts'
import { manifestOf } from './sample.ts'

const log = createLog(() => {})

/** A lattice of its own with fake hosts and real controllers. */
export interface Stage {
  readonly lattice: string
  readonly apps: AppClient
  readonly buckets: Awaited<ReturnType<typeof openBuckets>>
  host(labels?: Readonly<Record<string, string>>): Promise<FakeHost>
  controller(): Promise<Controller & { kill(): Promise<void> }>
  deploy(components: readonly object[], version?: string): Promise<void>
  settled(type: string): Promise<void>
}

/** Runs a test in a lattice of its own and ends all that it started. */
export async function onStage(server: NatsServer, play: (stage: Stage) => Promise<void>): Promise<void> {
  const lattice = `stage-${randomUUID()}`
  const connection = await connectNats({ url: server.url, name: 'test' })
  const ends: (() => Promise<unknown>)[] = [() => connection.close()]
  const apps = createAppClient({ connection, lattice })
  try {
    await play({
      lattice,
      apps,
      buckets: await openBuckets({ connection, lattice, log }),
      async host(labels = {}) {
        const host = await startFakeHost({ url: server.url, lattice, log, labels })
        ends.push(() => host.kill())
        return host
      },
      async controller() {
        const own = await connectNats({ url: server.url, name: 'controller' })
        ends.push(() => own.close())
        const client = createControlClient({ connection: own, lattice })
        const times = { hostGoneAfterMs: 700, leaseRenewMs: 200, settleMs: 300 }
        const controller = await startController({ connection: own, lattice, client, log, ...times })
        ends.push(() => controller.stop())
        return { ...controller, kill: () => own.close() }
      },
      async deploy(components, version = 'v1') {
        await apps.put(JSON.stringify(manifestOf(components, { annotations: { version } }).source))
        await apps.deploy('my-app')
      },
      async settled(type) {
        let last: unknown
        await until(
          async () => {
            last = await apps.status('my-app')
            return (last as { status: { type: string } }).status.type === type
          },
          { timeoutMs: 8_000, what: `status ${type}` },
        ).catch((error: unknown) => assert.fail(`${String(error)}; last ${JSON.stringify(last)}`))
      },
    })
  } finally {
    for (const end of ends.toReversed()) await end().catch(() => undefined)
  }
}
