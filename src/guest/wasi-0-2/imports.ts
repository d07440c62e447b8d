import { lazyImports, type WasiImports } from '../lazy-imports.ts'
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

const ioImports = {
  'wasi:io/error': { Error: IoError },
  'wasi:io/poll': { Pollable, poll },
  'wasi:io/streams': { InputStream, OutputStream },
}

/** The import objects of WASI 0.2, for one instance. */
export function wasi02(context: WasiContext, ports: Wasi02Ports): WasiImports {
  return lazyImports({
    'wasi:io': () => ioImports,
    'wasi:cli': () => ({ ...cliImports, ...cliImportsOf(context) }),
    'wasi:clocks': () => ({ ...clockImports, 'wasi:clocks/monotonic-clock': monotonicClock(context) }),
    'wasi:random': () => randomImports,
    'wasi:filesystem': () => filesystemImports(context),
    'wasi:sockets': () => socketImports(context),
    'wasi:http': () => ({
      'wasi:http/types': httpTypes(context),
      'wasi:http/outgoing-handler': outgoingHandler(ports.sendRequest, context),
    }),
  })
}
