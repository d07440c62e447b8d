import assert from 'node:assert/strict'
import { cp } from 'node:fs/promises'
import { after, before, test } from 'node:test'
import { Pace } from '../../src/component/pace.ts'
import { WeftError } from '../../src/errors.ts'
import { GuestComponent } from '../../src/guest/component.ts'
import { sharedPermits } from '../../src/guest/permits.ts'
import { ThreadComponents } from '../../src/host/thread-components.ts'
import type { PlannedComponent } from '../../src/host/thread-messages.ts'
import { noMeasure } from '../../src/measure.ts'
import { fakeServices, guestBytes, guestCall, openGuests } from '../support/guest.ts'

let guests: Awaited<ReturnType<typeof openGuests>>
before(async () => {
  guests = await openGuests()
})
after(() => guests.close())

const id = 'guest'

/** The components of a thread whose calls pause for as long as `pause` says. */
function componentsWith(pause: () => Promise<void> | undefined): ThreadComponents {
  const { invoke, leaving, log, otel } = fakeServices()
  return new ThreadComponents({
    pace: new Pace(),
    hostVolumes: { here: { path: import.meta.dirname, access: 'read-only' } },
    networkLid: 'any',
    log,
    measure: noMeasure,
    thread: 0,
    isLeader: true,
    invoke,
    leaving,
    serve: async () => ({ drain: async () => {} }),
    otel,
    onLimit() {},
    before: pause,
    onOffence() {},
    poke() {},
  })
}

/** A component that adds, with a volume, compiled to a folder. */
async function plannedTrap(): Promise<PlannedComponent> {
  const path = 'test/guests/trap-c/trap-c.wasm'
  const compiled = await guests.compiler.compile(await guestBytes(path), path)
  return {
    id,
    ref: path,
    path: compiled.path,
    maxInstances: 1,
    permits: sharedPermits(),
    settings: { volumes: { mounts: [{ volume: 'here', path: '/here' }] } },
    links: [],
    config: {},
    secrets: {},
  }
}

test('a call that pauses while new code is put runs on the new one', async () => {
  const pause = Promise.withResolvers<void>()
  const components = componentsWith(() => pause.promise)
  const planned = await plannedTrap()
  await components.put(planned)
  const call = guestCall(await GuestComponent.load(planned.path), 'bake', [1])
  const answer = components.dispatch(call)
  const path = `${planned.path}-new`
  await cp(planned.path, path, { recursive: true })
  await components.put({ ...planned, path })
  pause.resolve()
  assert.equal(await answer, 1)
  assert.equal(components.load(id)?.active, 0)
  await components.remove(id)
})

test('a call that is given up while it pauses leaves its permit to others', async () => {
  let isPausing = true
  const components = componentsWith(() =>
    isPausing ? Promise.reject(new WeftError('cancelled', 'gone')) : undefined,
  )
  const planned = await plannedTrap()
  await components.put(planned)
  const component = await GuestComponent.load(planned.path)
  await assert.rejects(components.dispatch(guestCall(component, 'bake', [1])), {
    code: 'cancelled',
  })
  isPausing = false
  assert.equal(await components.dispatch(guestCall(component, 'bake', [1])), 1)
  await components.remove(id)
})
