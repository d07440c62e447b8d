import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseManifest } from '../../src/manifest/parse-manifest.ts'
import { manifestWithTraits } from '../support/manifest-with-traits.ts'

const manifestWith = (properties: string) =>
  manifestWithTraits(`        - { type: telemetry, properties: ${properties} }`)

test('a telemetry trait names the service and where its telemetry goes', () => {
  const properties =
    '{ serviceName: checkout, serviceNamespace: shop, serviceVersion: "1.2", attributes: { team: blue }, endpoint: "http://c:4318", protocol: http/json }'
  const [component] = parseManifest(manifestWith(properties), 'a.yaml').components
  assert.deepEqual(component?.settings, {
    telemetry: {
      serviceName: 'checkout',
      serviceNamespace: 'shop',
      serviceVersion: '1.2',
      attributes: { team: 'blue' },
      endpoint: 'http://c:4318',
      protocol: 'http/json',
    },
  })
})

test('what is no URL, no protocol or no known field is named with what was expected', () => {
  const properties = '{ endpoint: "collector:4318", protocol: grpc, servicename: x }'
  assert.throws(
    () => parseManifest(manifestWith(properties), 'a.yaml'),
    (error: Error) => {
      assert.match(
        error.message,
        /a\.yaml:10:\d+: "endpoint" of the telemetry is "collector:4318", expected an http/,
      )
      assert.match(
        error.message,
        /a\.yaml:10:\d+: "protocol" of the telemetry is "grpc", expected http\/protobuf or http\/json/,
      )
      assert.match(error.message, /has no field "servicename"; did you mean "serviceName"\?/)
      return true
    },
  )
})
