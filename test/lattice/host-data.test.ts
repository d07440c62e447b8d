import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatHostData, type HostData, parseHostData } from '../../src/lattice/host-data.ts'
import {
  openSecrets,
  providerSecrets,
  sealedSecrets,
  secretsFromProvider,
} from '../../src/lattice/provider-secrets.ts'
import { createXkey } from '../../src/lattice/xkey.ts'
import type { Secrets } from '../../src/secret.ts'

const secrets: Secrets = {
  password: { tag: 'string', val: 'correct horse' },
  key: { tag: 'bytes', val: Uint8Array.of(1, 2, 255) },
}
const data: HostData = {
  host_id: 'NHOST',
  lattice_rpc_prefix: 'default',
  link_name: 'default',
  lattice_rpc_user_jwt: '',
  lattice_rpc_user_seed: '',
  lattice_rpc_url: 'nats://127.0.0.1:4222',
  provider_key: 'kv',
  instance_id: 'f81d4fae-7dec-11d0-a765-00a0c91e6bf6',
  env_values: {},
  link_definitions: [],
  cluster_issuers: [],
  config: { bucket: 'x' },
  secrets: providerSecrets(secrets),
  host_xkey_public_key: 'XHOST',
  provider_xkey_private_key: 'SXKEY',
  default_rpc_timeout_ms: 2_000,
  structured_logging: true,
  log_level: 'info',
  otel_config: {
    enable_observability: true,
    protocol: 'Http',
    additional_ca_paths: [],
    trace_level: 'info',
    traces_endpoint: 'http://127.0.0.1:4318/v1/traces',
  },
}

test('a provider process reads what its host writes, on one line', () => {
  const line = formatHostData(data)
  assert.match(line, /^[A-Za-z0-9+/]+=*\r\n$/)
  assert.deepEqual(parseHostData(line), data)
  assert.deepEqual(secretsFromProvider(parseHostData(line).secrets), secrets)
})

test('what an older host leaves out has its default', () => {
  const least = { provider_key: 'kv', env_values: {}, link_definitions: [] }
  const read = parseHostData(Buffer.from(JSON.stringify(least)).toString('base64'))
  assert.equal(read.lattice_rpc_prefix, 'default')
  assert.equal(read.provider_xkey_private_key, '')
  assert.equal(read.otel_config.enable_observability, false)
})

test('anything else is refused with what was expected, and not repeated', () => {
  for (const line of ['', 'c2VjcmV0', Buffer.from('{"secrets":"hunter2"}').toString('base64')]) {
    assert.throws(
      () => parseHostData(line),
      (error: Error) =>
        /expected HostData on stdin/.test(error.message) && !/hunter2|c2Vj/.test(error.message),
    )
  }
})

test('secrets of a link are opened by the provider that they were sealed for, and by no other', () => {
  const [host, provider] = [createXkey(), createXkey()]
  const sealed = sealedSecrets(secrets, { host, provider: provider.publicKey })
  assert.deepEqual(openSecrets(sealed, { host: host.publicKey, provider }), secrets)
  assert.throws(() => openSecrets(sealed, { host: host.publicKey, provider: createXkey() }), {
    code: 'denied',
  })
  assert.deepEqual(openSecrets(null, { host: host.publicKey, provider }), {})
})
