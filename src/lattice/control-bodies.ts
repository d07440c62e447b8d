import { WeftError } from '../errors.ts'
import type { AuctionRequest, ScaleRequest, StartProviderRequest, UpdateRequest } from './control.ts'
import { linkKeyShape, linkShape } from './link-shape.ts'
import { anything, count, flag, listOf, mapOf, or, parseJson, record, type Shape, text } from './shape.ts'
import { oneToken } from './subjects.ts'

/** A request body that was read: the words of the error when it cannot be, and its shape. */
interface Body<T> {
  readonly what: string
  readonly shape: Shape<T>
}

const largestCount = 4_294_967_295

const u32: Shape<number> = (value, path) => {
  const number = count(value, path)
  if (number <= largestCount) return number
  throw new WeftError('invalid', `${path}: expected at most ${largestCount}, got ${number}`)
}

const id: Shape<string> = (value, path) => oneToken(path, text(value, path))

/** Characters of all annotations of a component or provider: every inventory and heartbeat carries them. */
const longestAnnotations = 32_768

const annotations: Shape<Readonly<Record<string, string>>> = (value, path) => {
  const read = mapOf(text)(value, path)
  const length = JSON.stringify(read).length
  if (length <= longestAnnotations) return read
  throw new WeftError('invalid', `${path}: expected at most ${longestAnnotations} characters, got ${length}`)
}

/** Reads a body; whatever is wrong with it, the client sees the one text that Rust hosts answer. */
export function readBody<T>(bytes: Uint8Array, body: Body<T>): T {
  try {
    return parseJson(bytes, body.shape)
  } catch (cause) {
    throw new WeftError('invalid', `failed to deserialize ${body.what}`, { cause })
  }
}

export const componentAuctionBody = {
  what: 'component auction command',
  shape: auctionShape('component_ref', 'component_id'),
}

export const providerAuctionBody = {
  what: 'provider auction command',
  shape: auctionShape('provider_ref', 'provider_id'),
}

export const scaleBody: Body<ScaleRequest> = {
  what: 'component scale command',
  shape: record(
    {
      component_ref: or(text, ''),
      component_id: id,
      annotations: or(annotations, {}),
      count: or(u32, 0),
      host_id: or(text, ''),
      config: or(listOf(text), []),
      allow_update: or(flag, false),
    },
    { component_limits: record({}, { max_memory_limit: text, max_execution_time: text }) },
  ),
}

export const updateBody: Body<UpdateRequest> = {
  what: 'component update command',
  shape: record({ component_id: id, host_id: or(text, ''), new_component_ref: text }, { annotations }),
}

export const startProviderBody: Body<StartProviderRequest> = {
  what: 'provider start command',
  shape: record({
    provider_id: id,
    provider_ref: or(text, ''),
    host_id: or(text, ''),
    config: or(listOf(text), []),
    annotations: or(annotations, {}),
  }),
}

/** Gives the provider's id, which older clients send as `provider_ref`. */
export const stopProviderBody: Body<string> = {
  what: 'provider stop command',
  shape: (value, path) => {
    const { provider_id, provider_ref } = record({}, { provider_id: text, provider_ref: text })(value, path)
    return text(provider_id ?? provider_ref, 'provider_id')
  },
}

export const stopHostBody = {
  what: 'stop command',
  shape: record({ host_id: or(text, '') }, { timeout: count }),
}

export const putLabelBody = { what: 'put label request', shape: record({ key: text, value: text }) }
export const deleteLabelBody = { what: 'delete label request', shape: record({ key: text }) }

export const registriesBody = { what: 'registries put command', shape: mapOf(mapOf(anything)) }

export const putLinkBody = { what: 'wrpc link definition', shape: linkShape }
export const deleteLinkBody = { what: 'wrpc link definition', shape: linkKeyShape }

function auctionShape(refKey: string, idKey: string): Shape<AuctionRequest> {
  const shape = record({ [refKey]: text, [idKey]: text, constraints: or(mapOf(text), {}) })
  return (value, path) => {
    const given: Readonly<Record<string, unknown>> = shape(value, path)
    const constraints = mapOf(text)(given['constraints'], 'constraints')
    return { ref: text(given[refKey], refKey), id: text(given[idKey], idKey), constraints }
  }
}
