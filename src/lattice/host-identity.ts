import { randomInt } from 'node:crypto'
import { createServer, fromSeed, type KeyPair } from '@nats-io/nkeys'
import { WeftError } from '../errors.ts'

export interface HostIdentity {
  /** The public key, `N…`, 56 characters: the host's id in the lattice. */
  readonly id: string
  /** `adjective-noun-1234`, for people; not unique. */
  readonly friendlyName: string
  readonly keyPair: KeyPair
}

const adjectives =
  'amber brave bright calm clever copper crimson dapper eager early fair gentle golden honest humble jolly keen kind late lively lucky mellow merry misty modest noble plain polite proud quick quiet rapid ready rosy royal rustic shiny silent silver simple sleek smooth snowy soft solid spry steady still sunny swift tidy tranquil true velvet vivid warm wild wise witty young'
const nouns =
  'acorn anchor badger bay birch bobbin brook canyon cedar cliff cloud comet coral cove crane creek dawn delta dune ember falcon fern field finch fjord forest garden glade grove harbor hazel heath heron hill island lagoon lake lantern loom maple marsh meadow mesa moon oak orchard otter pebble pine pond prairie quartz reef ridge river sail shuttle spindle spring star stone thicket thread tide valley willow wren yarn'

/** Makes a host's identity: a new one, or the one of an nkeys server seed (`SN…`); `name` is what people call it. */
export function createHostIdentity(seed?: string, name?: string): HostIdentity {
  const keyPair = seed === undefined ? createServer() : keyPairOf(seed)
  if (name !== undefined && !/^[\w.-]{1,64}$/.test(name))
    throw new WeftError(
      'invalid',
      `the host name ${JSON.stringify(name)} has more than letters, digits, "-", "_" and "."`,
    )
  return { id: keyPair.getPublicKey(), friendlyName: name ?? newFriendlyName(), keyPair }
}

/** True when `id` has the form of a host id. */
function isHostId(id: string): boolean {
  return /^N[A-Z2-7]{55}$/.test(id)
}

/** The labels that every host carries, with Rust's names for architecture and system, as Rust hosts use them. */
export function defaultLabels(
  platform: { readonly arch: string; readonly os: string } = { arch: process.arch, os: process.platform },
): Readonly<Record<string, string>> {
  const rustArch: Readonly<Record<string, string>> = { x64: 'x86_64', arm64: 'aarch64', ia32: 'x86' }
  const rustOs: Readonly<Record<string, string>> = { darwin: 'macos', win32: 'windows' }
  return {
    'hostcore.arch': rustArch[platform.arch] ?? platform.arch,
    'hostcore.os': rustOs[platform.os] ?? platform.os,
    'hostcore.osfamily': platform.os === 'win32' ? 'windows' : 'unix',
  }
}

function newFriendlyName(): string {
  return `${oneOf(adjectives)}-${oneOf(nouns)}-${randomInt(1000, 10_000)}`
}

function oneOf(words: string): string {
  const list = words.split(' ')
  return list[randomInt(list.length)] ?? 'plain'
}

function keyPairOf(seed: string): KeyPair {
  const what = 'the host seed must be an nkeys server seed (SN…), as `nk -gen server` makes it'
  try {
    const keyPair = fromSeed(new TextEncoder().encode(seed.trim()))
    if (isHostId(keyPair.getPublicKey())) return keyPair
  } catch (cause) {
    throw new WeftError('invalid', what, { cause })
  }
  throw new WeftError('invalid', what)
}
