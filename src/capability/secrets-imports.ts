import type { Secrets, SecretValue } from '../secret.ts'
import { guestError } from './guest-error.ts'

/** A guest's handle on a secret: worth nothing to it until it is revealed. */
class Secret {
  readonly #value: SecretValue
  constructor(value: SecretValue) {
    this.#value = value
  }
  static reveal(secret: Secret): SecretValue {
    return secret.#value
  }
}

/**
 * `wasmcloud:secrets` for one instance: the component's secrets of this moment, by the names of their references. `seen` is
 * put around each function, so that it shows in the trace; neither name nor value does.
 */
export function secretsImports(
  secrets: () => Secrets,
  seen: <T>(name: string, work: () => T) => T = (_, work) => work(),
): Record<'store' | 'reveal', object> {
  const get = (name: string) => {
    const all = secrets()
    const value = Object.hasOwn(all, name) ? all[name] : undefined
    if (value === undefined) throw guestError({ tag: 'not-found' })
    return new Secret(value)
  }
  return {
    store: { Secret, get: (name: string) => seen('store get', () => get(name)) },
    reveal: { reveal: (secret: Secret) => seen('reveal reveal', () => Secret.reveal(secret)) },
  }
}
