import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Msg, NatsConnection } from 'nats'
import { requestRegistryCredentials } from '../../src/lattice/config-service.ts'
import { connectNats, subscribeGuarded } from '../../src/lattice/connect.ts'
import { openPolicy, type PolicyCall, type PolicyDecision } from '../../src/lattice/policy.ts'
import { createLog, type LogRecord } from '../../src/log.ts'
import { type NatsServer, startNats } from '../support/start-nats.ts'
import { until } from '../support/until.ts'

let nats: NatsServer
let connection: NatsConnection
const lines: LogRecord[] = []
const log = createLog((line) => lines.push(line))
before(async () => {
  nats = await startNats()
  connection = await connectNats({ url: nats.url, name: 'policy' })
})
after(async () => {
  await connection.close()
  await nats.stop()
})

interface Asked {
  readonly requestId: string
  readonly kind: string
  readonly version: string
  readonly request: Readonly<Record<string, unknown>>
  readonly host: unknown
}

/** A policy service of its own subject that answers what `decide` says, and a host's policy that asks it. */
function openService(topic: string, decide: (asked: Asked, message: Msg) => object | string | undefined) {
  const asked: Asked[] = []
  const changes: (PolicyCall & PolicyDecision)[] = []
  const service = subscribeGuarded(connection, topic, {
    log,
    onMessage(message) {
      const one = JSON.parse(message.string()) as Asked
      asked.push(one)
      const answer = decide(one, message)
      if (answer !== undefined) message.respond(typeof answer === 'string' ? answer : JSON.stringify(answer))
    },
  })
  const policy = openPolicy(
    {
      connection,
      hostId: 'NHOST',
      lattice: 'default',
      labels: () => ({ zone: 'eu' }),
      log,
      onInvocationChange: (call, decision) => changes.push({ ...call, ...decision }),
    },
    { topic, changesTopic: `${topic}.changes`, timeoutMs: 300 },
  )
  const stop = () => {
    service.unsubscribe()
    policy.stop()
  }
  return { asked, changes, policy, stop }
}

const hello = {
  id: 'hello',
  ref: 'ghcr.io/acme/hello:1',
  maxInstances: 10,
  annotations: { a: 'b' },
  claims: undefined,
}
const call = { component: 'hello', ref: hello.ref, interface: 'acme:app/greet@0.1.0', function: 'greet' }

test('the service is told what starts, where and by whom it was signed', async () => {
  const { asked, policy, stop } = openService('p.told', ({ requestId }) => ({ requestId, permitted: true }))
  await policy.startComponent({
    ...hello,
    claims: { subject: 'M1', issuer: 'A1', issuedAt: 1700000000, expires: 1700000001, jwt: 'x' },
  })
  await policy.startProvider({ id: 'kv', ref: 'kv:1', annotations: {}, claims: undefined })
  const [component, provider] = asked
  assert.match(component?.requestId ?? '', /^[0-9a-f-]{36}$/)
  assert.deepEqual(
    { ...component, requestId: '' },
    {
      requestId: '',
      kind: 'startComponent',
      version: 'v1',
      request: {
        componentId: 'hello',
        imageRef: hello.ref,
        maxInstances: 10,
        annotations: { a: 'b' },
        claims: {
          publicKey: 'M1',
          issuer: 'A1',
          issuedAt: '1700000000',
          expiresAt: 1700000001,
          expired: true,
        },
      },
      host: { publicKey: 'NHOST', lattice: 'default', labels: { zone: 'eu' } },
    },
  )
  assert.deepEqual(provider?.request, { providerId: 'kv', imageRef: 'kv:1', annotations: {}, claims: null })
  stop()
})

test('a no is denied with its reason; each question is asked once, another reference anew', async () => {
  const { asked, policy, stop } = openService('p.no', ({ requestId, request }) => ({
    requestId,
    permitted: request['imageRef'] !== hello.ref,
    message: 'not on Fridays',
  }))
  for (const _ of [1, 2]) {
    await assert.rejects(policy.startComponent(hello), {
      code: 'denied',
      message: 'Policy denied request to scale component `hello`: not on Fridays',
    })
  }
  await policy.startComponent({ ...hello, ref: 'ghcr.io/acme/hello:2' })
  assert.equal(asked.length, 2)
  stop()
})

test('no answer in time, noise and the answer to another request are a no that is not kept', async () => {
  const answers = [undefined, 'noise', { requestId: 'other', permitted: true }, undefined]
  const { policy, stop } = openService('p.late', ({ requestId }) =>
    answers.length === 0 ? { requestId, permitted: true } : answers.shift(),
  )
  for (const message of [/did not answer within 300 ms/, /cannot be read/, /answered another request/]) {
    await assert.rejects(policy.startComponent(hello), { code: 'denied', message })
  }
  await assert.rejects(policy.performInvocation(call, hello), { code: 'denied' })
  await policy.startComponent(hello)
  stop()
})

test('nobody there is a no', async () => {
  const { policy, stop } = openService('p.gone', () => undefined)
  stop()
  await assert.rejects(policy.startComponent(hello), { code: 'denied', message: /did not answer/ })
})

test('the service changes its mind about a call, and the host hears it', async () => {
  const { asked, changes, policy, stop } = openService('p.change', ({ requestId }) => ({
    requestId,
    permitted: true,
  }))
  assert.equal((await policy.performInvocation(call, hello)).permitted, true)
  const changed = { requestId: asked[0]?.requestId, permitted: false, message: 'revoked' }
  connection.publish('p.change.changes', JSON.stringify({ requestId: 'unknown', permitted: false }))
  connection.publish('p.change.changes', 'noise')
  connection.publish('p.change.changes', JSON.stringify(changed))
  await until(() => changes.length > 0)
  assert.deepEqual(changes, [{ ...call, permitted: false, message: 'revoked' }])
  assert.deepEqual(await policy.performInvocation(call, hello), { permitted: false, message: 'revoked' })
  assert.equal(asked.length, 1)
  stop()
})

test('the config service gives registry logins by labels; when it is not there, a line says so', async () => {
  const service = subscribeGuarded(connection, 'wasmbus.cfg.shop.req', {
    log,
    onMessage(message) {
      const { labels } = JSON.parse(message.string())
      message.respond(
        JSON.stringify({ registryCredentials: { 'ghcr.io': { username: labels.zone, password: 'p' } } }),
      )
    },
  })
  const ask = () => requestRegistryCredentials({ connection, lattice: 'shop', labels: { zone: 'eu' }, log })
  assert.deepEqual(await ask(), { 'ghcr.io': { username: 'eu', password: 'p' } })
  service.unsubscribe()
  assert.deepEqual(await ask(), {})
  assert.equal(lines.at(-1)?.message, 'the config service gave no configuration')
})
