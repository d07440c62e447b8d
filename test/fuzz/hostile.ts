import { headers, type MsgHdrs } from 'nats'
import type { Random } from './random.ts'

const encoder = new TextEncoder()

/** Texts that are trouble as an id, a name or a reference. */
const texts = [
  '',
  '.',
  'a.b',
  '*',
  '>',
  'a b',
  'a\r\nb',
  '\0',
  '__proto__',
  'constructor',
  '../../etc',
  'ü'.repeat(500),
]

/** Bodies as clients send them, before something is done to them; none names what runs. */
const bodies = (random: Random): readonly object[] => {
  const id = random.oneIn(2) ? `fuzz${random.int(9)}` : random.pick(texts)
  return [
    { component_ref: id, component_id: id, constraints: { [id]: id } },
    {
      component_ref: 'file:///nowhere',
      component_id: id,
      count: random.pick([0, 1, 4294967295, -1, 1e300]),
      host_id: id,
      config: [id],
      annotations: { 'weft.dev/settings': id },
    },
    { provider_ref: 'file:///nowhere', provider_id: id, config: [id], annotations: {} },
    { component_id: id, new_component_ref: id },
    { key: id, value: id },
    {
      source_id: `fuzz${random.int(9)}`,
      target: id,
      name: id,
      wit_namespace: id,
      wit_package: id,
      interfaces: [id, id],
      source_config: [id],
      target_config: [],
    },
    { [id]: id },
    {
      host: id,
      friendly_name: id,
      components: { [id]: { inFlight: 1, max: 1 } },
      busy: random.int(3),
      time: random.int(9),
    },
    {
      host_id: id,
      components: Array.from({ length: 3000 }, () => ({
        id,
        image_ref: id,
        annotations: {},
        revision: 0,
        max_instances: 1,
      })),
      providers: [],
    },
    {
      apiVersion: id,
      kind: 'Application',
      metadata: { name: id, annotations: {} },
      spec: { components: [id] },
    },
    {
      specversion: '1.0',
      type: 'com.wasmcloud.lattice.component_scaled',
      source: id,
      data: { component_id: id },
    },
  ]
}

/** A payload that means harm: noise, or something valid that was cut, bent or blown up. */
export function payload(random: Random): Uint8Array {
  const kind = random.int(8)
  if (kind === 0) return new Uint8Array()
  if (kind === 1) return random.bytes(random.int(4096))
  if (kind === 2 && random.oneIn(20)) return encoder.encode('['.repeat(200_000))
  if (kind === 2 && random.oneIn(20)) return new Uint8Array(900_000)
  const valid = encoder.encode(JSON.stringify(random.pick(bodies(random)))).subarray(0, 900_000)
  if (kind === 3) return valid
  if (kind < 6) return valid.subarray(0, random.int(valid.length))
  const bent = valid.slice()
  for (let times = random.int(5); times >= 0; times--) bent[random.int(bent.length)] = random.int(256)
  return bent
}

/** Headers that claim things, or undefined. */
export function hostileHeaders(random: Random): MsgHdrs | undefined {
  if (random.oneIn(2)) return undefined
  const lines = [
    `weft-peer: ${random.pick(['1', '1 whole', '1 deadline=x accept-by=-5', `1 deadline=${random.int(9)}`, '1  whole whole'])}`,
    `traceparent: ${random.pick(['00-0-0-0', '', `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`, random.word(300)])}`,
    `source-id: ${random.pick(['', 'fuzz', '*', random.word(5000)])}`,
    `weft-error: ${random.word(20)}`,
    random.word(9),
    `: ${random.word(3)}`,
  ].filter(() => random.oneIn(2))
  const bytes = encoder.encode(
    `NATS/1.0${random.oneIn(5) ? ` ${random.int(999)} x` : ''}\r\n${lines.join('\r\n')}\r\n\r\n`,
  )
  // The client would refuse to send some of them.
  return Object.assign(headers(), { encode: () => bytes })
}

/** A subject that a subscription matches; tokens that are free are made up. */
export function subjectFor(pattern: string, random: Random): string {
  const token = () =>
    random.pick(['fuzz', 'get', 'put', 'del', 'nothing', `fuzz${random.int(9)}`, random.word(12), 'ü'])
  const free = pattern.replaceAll('*', () => token())
  return free.endsWith('>')
    ? free.slice(0, -1) + Array.from({ length: 1 + random.int(3) }, token).join('.')
    : free
}
