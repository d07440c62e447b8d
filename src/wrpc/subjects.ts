import type { Operation } from '../call/call.ts'
import { WeftError } from '../errors.ts'

/** The protocol's name and version, the same since its first release. */
const protocol = 'wrpc.0.0.1'

/** The tails of the two inboxes of a call; streams and futures add their path (`results.0.1`). */
export const tails = {
  /** Caller to server. */
  params: 'params',
  /** Server to caller. */
  results: 'results',
  /** Between Weft peers, server to caller: the results and their end in one message. */
  whole: 'whole',
  /** Between Weft peers, caller to server: nobody waits for the answer any more. */
  cancel: 'cancel',
  /** Between Weft peers, reader to sender: how much of a stream of bytes has been read; empty: nobody reads on. */
  flow: 'flow',
  /** Between Weft peers, server to caller: nobody reads the params any more. */
  stop: 'stop',
} as const

/** The queue group that all servers of a component or provider share. */
export function queueGroup(lattice: string, id: string): string {
  return `${lattice}.${id}`
}

/** The subject on which a function is called: `{lattice}.{id}.wrpc.0.0.1.{instance}.{func}`. */
export function operationSubject(lattice: string, id: string, operation: Operation): string {
  const instance = operation.interface === '' ? '' : `${operation.interface}.`
  const subject = `${lattice}.${id}.${protocol}.${instance}${functionToken(operation.function.name)}`
  if (!/[\s*>]/.test(subject) && id !== '') return subject
  throw new WeftError('invalid', `expected an id without blanks, * and > as the target, found "${id}"`)
}

/** `[method]bucket.get` → `bucket.get`, `[constructor]bucket` → `bucket`. */
function functionToken(name: string): string {
  return name.startsWith('[') ? name.slice(name.indexOf(']') + 1) : name
}

/** Splits `results.0.1` into `results` and `0.1`. */
export function splitTail(tail: string): { readonly name: string; readonly path: string } {
  const dot = tail.indexOf('.')
  return dot < 0 ? { name: tail, path: '' } : { name: tail.slice(0, dot), path: tail.slice(dot + 1) }
}
