import assert from 'node:assert/strict'
import { test } from 'node:test'
import { settingsAnnotation } from '../../src/component-settings.ts'
import { settingsFrom } from '../../src/lattice/settings-shape.ts'
import { serviceOf } from '../../src/telemetry/service.ts'

const host = { hostId: 'N1', hostName: 'oak' }

test('a component is a service by its id, its application and its image', () => {
  assert.deepEqual(serviceOf({ id: 'shop-cart', application: 'shop', ref: 'cart:1' }, host), {
    service: 'shop-cart',
    namespace: 'shop',
    version: 'cart:1',
    ...host,
  })
})

test('its manifest may say otherwise, through the annotation that the controller writes', () => {
  const telemetry = {
    serviceName: 'cart',
    serviceNamespace: 'store',
    serviceVersion: '2',
    attributes: { team: 'blue' },
    endpoint: 'http://c:4318',
    protocol: 'http/json',
  }
  const annotations = { [settingsAnnotation]: JSON.stringify({ telemetry }) }
  const settings = settingsFrom({ annotations, component_limits: {} })
  const known = { id: 'shop-cart', application: 'shop', ref: 'cart:1', ...settings }
  assert.deepEqual(serviceOf(known, host), {
    service: 'cart',
    namespace: 'store',
    version: '2',
    ...host,
    component: 'shop-cart',
    attributes: { team: 'blue' },
    otlp: { endpoint: 'http://c:4318', protocol: 'http/json' },
  })
  const wrong = { [settingsAnnotation]: JSON.stringify({ telemetry: { protocol: 'grpc' } }) }
  assert.throws(
    () => settingsFrom({ annotations: wrong, component_limits: {} }),
    /telemetry\.protocol: expected http/,
  )
})
