import { WeftError } from '../../src/errors.ts'

/** Subjects of the lattice itself and of JetStream: guests and their subscriptions stay out of them. */
const reserved = /^(wasmbus|wadm|weft|wasmcloud\.secrets|\$[A-Z]+)(\.|$)|\.wrpc\.0\.0\.1\./

/** What no subscription may take in, wildcards or not: control, secrets, and calls in the lattice. */
const latticePatterns = (lattice: string) => [
  'wasmbus.ctl.v1.>',
  'wasmcloud.secrets.v1alpha1.>',
  `${lattice}.*.wrpc.>`,
]

/** What a guest may publish to; `invalid` or `denied`, saying why not. `guards` is true on the NATS of the lattice. */
export function checkPublishSubject(subject: string, { guards }: { readonly guards: boolean }): void {
  if (!isSubject(subject) || /(^|\.)[*>](\.|$)/.test(subject)) {
    throw new WeftError(
      'invalid',
      `subject ${JSON.stringify(subject)}: expected tokens with dots between them such as orders.new, without spaces and wildcards`,
    )
  }
  if (guards && reserved.test(subject))
    throw new WeftError('denied', `subject ${subject} belongs to the lattice or to JetStream`)
}

/**
 * What a link may subscribe to. A subscription to everything would see the lattice's own messages, and its callers would
 * no longer be told that a component is not there.
 */
export function checkSubscription(
  { subject, item }: { readonly subject: string; readonly item: string },
  { guards, lattice }: { readonly guards: boolean; readonly lattice: string },
): void {
  if (!isSubject(subject) || subject.slice(0, -1).includes('>')) {
    throw new WeftError(
      'invalid',
      `link config \`subscriptions\`: expected subjects such as orders.new or orders.*, or with a queue group orders.new|workers, got ${JSON.stringify(item)}`,
    )
  }
  const takesIn =
    reserved.test(subject) ||
    /^((\*\.)*>$|_INBOX\.)/.test(subject) ||
    latticePatterns(lattice).some((pattern) => overlap(subject.split('.'), pattern.split('.')))
  if (!guards || !takesIn) return
  throw new WeftError(
    'denied',
    `link config \`subscriptions\`: ${subject} takes in the lattice's own messages; begin it with a word of your own, or name another NATS in \`cluster_uris\``,
  )
}

/** True when some subject matches both. */
function overlap(one: readonly string[], other: readonly string[]): boolean {
  const [a, b] = [one[0], other[0]]
  if (a === undefined || b === undefined) return a === b
  if (a === '>' || b === '>') return true
  return (a === b || a === '*' || b === '*') && overlap(one.slice(1), other.slice(1))
}

function isSubject(text: string): boolean {
  return text !== '' && !/[\s\p{Cc}]/u.test(text) && !text.split('.').includes('')
}
