import type { Operation } from '../call/call.ts'
import { WeftError } from '../errors.ts'
import { lazyInterfaces } from '../wit/lazy-interfaces.ts'
import type { WitInterface } from '../wit/type.ts'

/** The lattice's HTTP: what wasmCloud 1.x hosts and providers speak for `wasi:http`. */
const interfaces = lazyInterfaces(`
package wrpc:http@0.1.0 {
  interface types {
    type fields = list<tuple<string, list<list<u8>>>>;
    record request-options { connect-timeout: option<u64>, first-byte-timeout: option<u64>, between-bytes-timeout: option<u64> }
    record request {
      body: stream<u8>, trailers: future<option<fields>>, method: method, path-with-query: option<string>,
      scheme: option<scheme>, authority: option<string>, headers: fields
    }
    record response { body: stream<u8>, trailers: future<option<fields>>, status: u16, headers: fields }
    variant method { get, head, post, put, delete, connect, options, trace, patch, other(string) }
    variant scheme { HTTP, HTTPS, other(string) }
    record DNS-error-payload { rcode: option<string>, info-code: option<u16> }
    record TLS-alert-received-payload { alert-id: option<u8>, alert-message: option<string> }
    record field-size-payload { field-name: option<string>, field-size: option<u32> }
    variant error-code {
      DNS-timeout, DNS-error(DNS-error-payload), destination-not-found, destination-unavailable,
      destination-IP-prohibited, destination-IP-unroutable, connection-refused, connection-terminated,
      connection-timeout, connection-read-timeout, connection-write-timeout, connection-limit-reached,
      TLS-protocol-error, TLS-certificate-error, TLS-alert-received(TLS-alert-received-payload),
      HTTP-request-denied, HTTP-request-length-required, HTTP-request-body-size(option<u64>),
      HTTP-request-method-invalid, HTTP-request-URI-invalid, HTTP-request-URI-too-long,
      HTTP-request-header-section-size(option<u32>), HTTP-request-header-size(option<field-size-payload>),
      HTTP-request-trailer-section-size(option<u32>), HTTP-request-trailer-size(field-size-payload),
      HTTP-response-incomplete, HTTP-response-header-section-size(option<u32>),
      HTTP-response-header-size(field-size-payload), HTTP-response-body-size(option<u64>),
      HTTP-response-trailer-section-size(option<u32>), HTTP-response-trailer-size(field-size-payload),
      HTTP-response-transfer-coding(option<string>), HTTP-response-content-coding(option<string>),
      HTTP-response-timeout, HTTP-upgrade-failed, HTTP-protocol-error, loop-detected, configuration-error,
      internal-error(option<string>)
    }
  }
  interface incoming-handler {
    use types.{request, response, error-code};
    handle: func(request: request) -> result<response, error-code>;
  }
  interface outgoing-handler {
    use types.{request, response, request-options, error-code};
    handle: func(request: request, options: option<request-options>) -> result<response, error-code>;
  }
}
`)

/** `wrpc:http/incoming-handler@0.1.0`, what a component that exports `wasi:http` is served as. */
export const incomingHandler = (): WitInterface => interfaces.named('wrpc:http/incoming-handler@0.1.0')

/** `wrpc:http/outgoing-handler@0.1.0`, what a component's outgoing requests are sent to. */
export const outgoingHandler = (): WitInterface => interfaces.named('wrpc:http/outgoing-handler@0.1.0')

/** The one function of either. */
export function handleOf(wire: WitInterface): Operation {
  const found = wire.functions.find(({ name }) => name === 'handle')
  if (!found) throw new WeftError('internal', `${wire.id} has no function handle`)
  return { interface: wire.id, function: found }
}
