import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CallSites } from '../../src/telemetry/call-site.ts'
import { sampleCall } from '../support/sample-call.ts'

const call = sampleCall({ source: 'shop', target: 'store' })

function sites(services: ReadonlyMap<string, string>, onAsked = () => {}) {
  const resourceOf = (id: string) => {
    onAsked()
    return { service: services.get(id) ?? id, hostId: 'NHOST', hostName: 'brave-fox' }
  }
  return new CallSites({ resourceOf, runsHere: () => false }, { side: 'client', isWhole: true })
}

test('calls from here to there have one site', () => {
  const known = sites(new Map())
  assert.equal(known.of(call, 0), known.of({ ...call, args: [1] }, 10))
  assert.notEqual(known.of(call, 0), known.of({ ...call, target: 'other' }, 10))
})

test('a new name of the caller or of who is called shows on spans after a second', () => {
  for (const [id, nameOf] of [
    ['shop', (site: ReturnType<CallSites['of']>) => site.resource.service],
    ['store', (site: ReturnType<CallSites['of']>) => site.part.fields.attributes?.['service.peer.name']],
  ] as const) {
    const services = new Map([[id, 'before']])
    const known = sites(services)
    assert.equal(nameOf(known.of(call, 5000)), 'before')
    services.set(id, 'after')
    assert.equal(nameOf(known.of(call, 5900)), 'before')
    const renamed = known.of(call, 6100)
    assert.equal(nameOf(renamed), 'after')
    assert.equal(known.of(call, 7500), renamed)
  }
})

test('who they are is asked once a second, before and after they have another name', () => {
  const services = new Map([['shop', 'before']])
  let asked = 0
  const known = sites(services, () => {
    asked += 1
  })
  known.of(call, 5000)
  services.set('shop', 'after')
  known.of(call, 6100)
  const before = asked
  for (let now = 6200; now < 7000; now += 100) known.of(call, now)
  assert.equal(asked, before)
})
