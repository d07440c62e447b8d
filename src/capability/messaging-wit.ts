import { lazyInterfaces } from '../wit/lazy-interfaces.ts'
import type { WitFunction, WitInterface } from '../wit/type.ts'

/** `wasmcloud:messaging` goes over the lattice under its own name. */
const interfaces = lazyInterfaces(`
package wasmcloud:messaging@0.2.0 {
  interface types {
    record broker-message { subject: string, body: list<u8>, reply-to: option<string> }
  }
  interface handler {
    use types.{broker-message};
    handle-message: func(msg: broker-message) -> result<_, string>;
  }
  interface consumer {
    use types.{broker-message};
    request: func(subject: string, body: list<u8>, timeout-ms: u32) -> result<broker-message, string>;
    publish: func(msg: broker-message) -> result<_, string>;
  }
}
`)

/** What a messaging provider answers. */
export const messagingConsumer = (): WitInterface => interfaces.named('wasmcloud:messaging/consumer@0.2.0')

/** What a component exports to be given messages. */
export const messagingHandler = (): WitInterface & { readonly functions: readonly [WitFunction] } => {
  const { id, functions } = interfaces.named('wasmcloud:messaging/handler@0.2.0')
  const [handle] = functions
  if (!handle) throw new TypeError(`${id} has no function`)
  return { id, functions: [handle] }
}
