import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checkManifest } from '../../src/manifest/check-manifest.ts'

const hello = `apiVersion: core.oam.dev/v1beta1
kind: Application
metadata:
  name: my-app
  annotations:
    version: v0.0.1
    description: says hello
    experimental.wasmcloud.dev/shared: "true"
  labels:
    wasmcloud.dev/team: us
spec:
  policies:
    - name: vault
      type: policy.secret.wasmcloud.dev/v1alpha1
      properties: { backend: nats-kv }
  components:
    - name: hello
      type: component
      properties:
        image: ghcr.io/x/hello:0.1.0
        config:
          - name: hello-config
            properties: { lang: EN-US }
          - name: external
        secrets:
          - name: api-key
            properties: { policy: vault, key: api, field: f, version: "1" }
      traits:
        - type: spreadscaler
          properties:
            instances: 10
            spread:
              - { name: eastcoast, requirements: { zone: us-east-1 }, weight: 80 }
              - { name: west, requirements: {} }
        - type: link
          properties:
            namespace: wasi
            package: keyvalue
            interfaces: [atomics, store]
            source: { config: [ { name: c, properties: {} } ] }
            target: { name: kvredis, config: [ { name: url, properties: { URL: "redis://127.0.0.1:6379" } } ] }
    - name: kvredis
      type: capability
      properties: { image: ghcr.io/wasmcloud/keyvalue-redis:0.28.1, config: [] }
      traits:
        - type: daemonscaler
          properties: { instances: 1, spread: [] }
`

function problemsOf(text: string): string[] {
  return checkManifest(text).problems.map(({ line, column, message }) => `${line}:${column} ${message}`)
}

test('a full manifest is read with its defaults', () => {
  const { manifest, problems, warnings } = checkManifest(hello)
  assert.deepEqual([problems, warnings], [[], []])
  assert.equal(manifest?.name, 'my-app')
  assert.equal(manifest.version, 'v0.0.1')
  assert.equal(manifest.description, 'says hello')
  assert.equal(manifest.shared, true)
  const [component, provider] = manifest.components
  assert.deepEqual(component?.from, { image: 'ghcr.io/x/hello:0.1.0' })
  assert.deepEqual(component.scaler, {
    kind: 'spread',
    instances: 10,
    spread: [
      { name: 'eastcoast', requirements: { zone: 'us-east-1' }, weight: 80 },
      { name: 'west', requirements: {}, weight: 100 },
    ],
  })
  assert.deepEqual(
    component.config.map(({ name, properties }) => [name, properties]),
    [
      ['hello-config', { lang: 'EN-US' }],
      ['external', undefined],
    ],
  )
  assert.equal(component.secrets[0]?.field, 'f')
  const [link] = component.links
  assert.equal(link?.name, 'default')
  assert.equal(link.target, 'kvredis')
  assert.equal(link.targetEnd.config[0]?.properties?.['URL'], 'redis://127.0.0.1:6379')
  assert.equal(provider?.kind, 'capability')
  assert.deepEqual(provider.scaler, {
    kind: 'daemon',
    instances: 1,
    spread: [{ name: 'default', requirements: {}, weight: 100 }],
  })
})

test('what was written is kept as JSON, and reads the same as JSON', () => {
  const { manifest } = checkManifest(hello)
  const text = JSON.stringify(manifest?.source, null, '\t')
  const again = checkManifest(text)
  assert.deepEqual(again.problems, [])
  assert.deepEqual(again.manifest?.source, manifest?.source)
  assert.equal(Object.keys(manifest?.source ?? {}).join(), 'apiVersion,kind,metadata,spec')
})

test('the older spellings mean the same', () => {
  const old = hello
    .replace('type: component', 'type: actor')
    .replace('instances: 10', 'replicas: 10')
    .replace(
      /source: \{ config.*\n.*target: .*\n/,
      `target: kvredis
            source_config: [ { name: c, properties: {} } ]
            target_config: [ { name: url, properties: { URL: "redis://127.0.0.1:6379" } } ]
`,
    )
  const { manifest, problems } = checkManifest(old)
  assert.deepEqual(problems, [])
  const component = manifest?.components[0]
  assert.equal(component?.kind, 'component')
  assert.equal(component.scaler?.instances, 10)
  assert.equal(component.links[0]?.target, 'kvredis')
  assert.equal(component.links[0].targetEnd.config[0]?.name, 'url')
  assert.equal(component.links[0].source.config[0]?.name, 'c')
})

test('a misspelt field is told with its place and the nearest name', () => {
  assert.deepEqual(problemsOf(hello.replace('image: ghcr.io/x', 'imagee: ghcr.io/x')), [
    '20:9 the properties of "hello" has no field "imagee"; did you mean "image"?',
  ])
  assert.deepEqual(problemsOf(hello.replace('type: spreadscaler', 'type: spreadscaller')), [
    '29:17 trait type "spreadscaller" is not known; did you mean "spreadscaler"?',
  ])
  assert.deepEqual(problemsOf(hello.replace('name: kvredis, config', 'name: kvrediss, config')), [
    '41:29 the link goes to "kvrediss", which is no component here; did you mean "kvredis"?',
  ])
})

test('all problems of a file are told at once, in the order of the file', () => {
  const wrong = hello
    .replace('kind: Application', 'kind: App')
    .replace('version: v0.0.1', 'version: latest')
    .replace('instances: 10', 'instances: ten')
    .replace('policy: vault', 'policy: vaullt')
  assert.deepEqual(problemsOf(wrong), [
    '2:7 kind is "App", expected Application',
    '6:5 the version can\'t be "latest", which means the newest; expected one such as v0.0.1',
    '26:13 secret "api-key" names the policy "vaullt", which spec.policies lacks; did you mean "vault"?',
    '31:24 "instances" of the spreadscaler is the text "ten", expected a whole number from 0 on',
  ])
})

test('a field that wadm ignores is a warning, not a problem', () => {
  const { manifest, problems, warnings } = checkManifest(hello.replace('  labels:', '  lables:'))
  assert.deepEqual(problems, [])
  assert.ok(manifest)
  assert.equal(
    warnings[0]?.message,
    'the metadata has no field "lables", it is ignored; did you mean "labels"?',
  )
})

const wrongInOneWay: readonly [string, (text: string) => string, RegExp][] = [
  [
    'annotations left out',
    (t) => t.replace(/ {2}annotations:\n( {4}.*\n)+/, ''),
    /4:3 .*no "annotations".*annotations: \{\}/,
  ],
  ['a name with a dot', (t) => t.replace('name: my-app', 'name: my.app'), /4:9 the name "my.app"/],
  [
    'a version that is a number',
    (t) => t.replace('version: v0.0.1', 'version: 1.5'),
    /6:14 .*put it in quotes, "1.5"/,
  ],
  [
    'a config value that is a number',
    (t) => t.replace('lang: EN-US', 'port: 8080'),
    /put it in quotes, "8080"/,
  ],
  [
    'two components of one name',
    (t) => t.replace('- name: kvredis', '- name: hello'),
    /two components are called "hello"/,
  ],
  [
    'two components of one id',
    (t) => t.replace('image: ghcr.io/x', 'id: my_app-kvredis\n        image: ghcr.io/x'),
    /would both have the id "my_app-kvredis"/,
  ],
  [
    'an id with a dot',
    (t) => t.replace('image: ghcr.io/x', 'id: a.b\n        image: ghcr.io/x'),
    /id "a.b" can't be part of a NATS subject/,
  ],
  [
    'image and application',
    (t) => t.replace('image: ghcr.io/x', 'application: {name: a, component: b}\n        image: ghcr.io/x'),
    /both "image" and "application"/,
  ],
  [
    'neither image nor application',
    (t) => t.replace('image: ghcr.io/x/hello:0.1.0', 'id: x'),
    /has no "image"/,
  ],
  [
    'a link with no interfaces',
    (t) => t.replace('interfaces: [atomics, store]', 'interfaces: []'),
    /"interfaces" of the link is empty, expected a list/,
  ],
  [
    'a link twice',
    (t) =>
      t.replace(
        /( {8}- type: link\n(?: {10}.*\n)+)/,
        (link) => link + link.replace('{ config: [ { name: c, properties: {} } ] }', '{}'),
      ),
    /two links for wasi:keyvalue\/atomics/,
  ],
  [
    'a spread without requirements',
    (t) => t.replace(', requirements: {} }', ' }'),
    /a spread has no "requirements"/,
  ],
  [
    'two scalers',
    (t) =>
      t.replace(
        '        - type: link',
        '        - { type: daemonscaler, properties: { instances: 1 } }\n        - type: link',
      ),
    /a second scaler/,
  ],
  [
    'a policy of another type',
    (t) => t.replace('type: policy.secret.wasmcloud.dev/v1alpha1', 'type: other'),
    /of type "other", expected/,
  ],
  ['a policy without backend', (t) => t.replace('backend: nats-kv', 'other: x'), /no "backend"/],
  ['a bad label', (t) => t.replace('wasmcloud.dev/team', '-team'), /"-team" can't be a name in labels/],
  [
    'one config with two contents',
    (t) => t.replace('- name: external', '- { name: hello_config, properties: { a: b } }'),
    /stored as "my_app-hello_config", with different/,
  ],
  [
    'an external config no config can be called',
    (t) => t.replace('- name: external', '- name: a.b'),
    /config "a.b" has no properties/,
  ],
  [
    'a component type nobody knows',
    (t) => t.replace('type: capability', 'type: provider'),
    /type "provider" is not known/,
  ],
  [
    'a field twice',
    (t) => t.replace('kind: Application', 'kind: Application\nkind: Application'),
    /3:1 "kind" stands here a second time/,
  ],
  [
    'a list where a map belongs',
    (t) => t.replace(/metadata:\n( {2}.*\n)+/, 'metadata: [a]\n'),
    /the metadata is a list/,
  ],
]

for (const [title, change, expected] of wrongInOneWay) {
  test(`${title} is a problem`, () => {
    const changed = change(hello)
    assert.notEqual(changed, hello, 'the change must apply')
    assert.match(problemsOf(changed).join('\n'), expected)
    assert.equal(checkManifest(changed).manifest, undefined)
  })
}

test('scaler, config and secrets of a component of another application are ignored, with a warning', () => {
  const text = (extra: string) => `apiVersion: core.oam.dev/v1beta1
kind: Application
metadata: { name: a, annotations: }
spec:
  components:
    - { name: c, type: capability, properties: { application: { name: other, component: kv }${extra}
`
  const warningsOf = (extra: string) => {
    assert.deepEqual(problemsOf(text(extra)), [])
    return checkManifest(text(extra)).warnings.map(({ message }) => message)
  }
  assert.deepEqual(warningsOf(' } }'), [])
  assert.deepEqual(warningsOf(', config: [ { name: x } ] } }'), [
    '"c" belongs to application "other": config and secrets that stand here are ignored',
  ])
  assert.deepEqual(warningsOf(' }, traits: [ { type: spreadscaler, properties: { instances: 1 } } ] }'), [
    '"c" belongs to application "other", which scales it: the scaler that stands here is ignored',
  ])
})

test('source and target in the newer spelling win over the older one, with a warning', () => {
  const { manifest, problems, warnings } = checkManifest(
    hello.replace('source: { config', 'source_config: [ { name: old } ]\n            source: { config'),
  )
  assert.deepEqual(problems, [])
  assert.deepEqual(
    manifest?.components[0]?.links[0]?.source.config.map(({ name }) => name),
    ['c'],
  )
  assert.match(warnings[0]?.message ?? '', /"source_config" is the old spelling of "source\.config"/)
})

test('a misspelt interface of a well-known package is a warning with the nearest name', () => {
  const { warnings } = checkManifest(hello.replace('[atomics, store]', '[atomic, store]'))
  assert.deepEqual(
    warnings.map(({ message }) => message),
    ['wasi:keyvalue has no interface "atomic"; did you mean "atomics"?'],
  )
})
