import { blobstoreInterface, oldBlobstoreInterface } from '../../capability/blobstore-wit.ts'
import { GuestError, guestError } from '../../capability/guest-error.ts'
import { WeftError } from '../../errors.ts'
import type { Importing } from '../importing.ts'

/**
 * Calls a function of the lattice's blobstore; throws its error as a `GuestError` with a text. Its ok value comes in an
 * object: it may be a promise itself, which is not to be waited for here.
 */
export type BlobstoreCall = (name: string, args: readonly unknown[]) => Promise<{ readonly val: unknown }>

/** How a stream ended. */
export type StreamEnd = { readonly tag: 'ok' } | { readonly tag: 'err'; readonly val: string }

/** The link that all of `wasi:blobstore` goes over, as wasmCloud has it. */
const linkKey = 'wasi:blobstore/blobstore'
const wellEnded: StreamEnd = { tag: 'ok' }

/** Calls over the link of whatever invocation calls; asks in the older version when nobody answers to the newer. */
export function callBlobstore(importing: Importing): BlobstoreCall {
  return async (name, args) => {
    // Read before anything waits: later another invocation may run.
    const invocation = importing.current
    try {
      return okValue(await callIn(invocation, blobstoreInterface(), { name, args }))
    } catch (error) {
      if (error instanceof GuestError) throw error
      const first = WeftError.from(error)
      if (first.code !== 'not_found') throw guestError(first.message)
      return callOld(invocation, { name, args }, first)
    }
  }
}

interface Wanted {
  readonly name: string
  readonly args: readonly unknown[]
}

async function callOld(
  invocation: Importing,
  wanted: Wanted,
  first: WeftError,
): Promise<{ readonly val: unknown }> {
  const answer = callIn(invocation, oldBlobstoreInterface(), wanted).catch((error: unknown) => {
    const second = WeftError.from(error)
    throw guestError(second.code === 'not_found' ? first.message : second.message)
  })
  // The answer comes after the last byte, which the guest writes only when it has been let go on.
  if (wanted.name === 'write-container-data') return { val: answer }
  const { val } = okValue(await answer)
  const isStream = wanted.name === 'get-container-data' || wanted.name === 'list-container-objects'
  return { val: isStream ? [val, Promise.resolve(wellEnded)] : val }
}

function callIn(
  invocation: Importing,
  wire: ReturnType<typeof blobstoreInterface>,
  { name, args }: Wanted,
): Promise<unknown> {
  const fn = wire.functions.find((each) => each.name === name)
  if (!fn) throw new WeftError('internal', `${wire.id} has no function ${name}`)
  return invocation.callOut(linkKey, wire.id, fn, args)
}

function okValue(result: unknown): { readonly val: unknown } {
  const { tag, val } = result as { tag: 'ok' | 'err'; val?: unknown }
  if (tag === 'err') throw guestError(val)
  return { val }
}
