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

/** `wasmcloud:secrets` for one instance: the component's secrets of this moment, by the names of their references. */
export function secretsImports(secrets: () => Secrets): Record<'store' | 'reveal', object> {
  return {
    store: {
      Secret,
      get(name: string) {
        const all = secrets()
        const value = Object.hasOwn(all, name) ? all[name] : undefined
        if (value === undefined) throw guestError({ tag: 'not-found' })
        return new Secret(value)
      },
    },
    reveal: { reveal: (secret: Secret) => Secret.reveal(secret) },
  }
}
