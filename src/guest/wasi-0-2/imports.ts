import type { WasiContext } from '../wasi-context.ts'
import { cliImports, cliImportsOf } from './cli.ts'
import { clockImports, monotonicClock } from './clocks.ts'
import { filesystemImports } from './filesystem.ts'
import { httpTypes } from './http-types.ts'
import { InputStream } from './input-stream.ts'
import { IoError } from './io-error.ts'
import { outgoingHandler, type SendRequest } from './outgoing-handler.ts'
import { OutputStream } from './output-stream.ts'
import { Pollable, poll } from './pollable.ts'
import { randomImports } from './random.ts'
import { socketImports } from './sockets.ts'

/** What WASI 0.2 reaches outside of the guest. */
export interface Wasi02Ports {
  /** Sends a guest's outgoing HTTP request; without it they are denied. */
  readonly sendRequest?: SendRequest
}

const shared = {
  ...cliImports,
  ...clockImports,
  ...randomImports,
  'wasi:io/error': { Error: IoError },
  'wasi:io/poll': { Pollable, poll },
  'wasi:io/streams': { InputStream, OutputStream },
}

/** The import objects of WASI 0.2 by interface without version, for one invocation. */
export function wasi02(context: WasiContext, ports: Wasi02Ports): Record<string, object> {
  return {
    ...shared,
    ...cliImportsOf(context),
    ...filesystemImports(context),
    ...socketImports(context),
    'wasi:clocks/monotonic-clock': monotonicClock(context),
    'wasi:http/types': httpTypes(context),
    'wasi:http/outgoing-handler': outgoingHandler(ports.sendRequest, context),
  }
}
