import type { WasiContext } from '../wasi-context.ts'
import { cliImports } from './cli.ts'
import { clockImports } from './clocks.ts'
import { Fields } from './fields.ts'
import { filesystemImports } from './filesystem.ts'
import { randomImports } from './random.ts'
import { Request, RequestOptions } from './request.ts'
import { Response } from './response.ts'
import { socketImports } from './sockets.ts'

/** The import objects of WASI 0.3 by interface without version, for one invocation. */
export function wasi03(context: WasiContext): Record<string, object> {
  return {
    ...randomImports,
    ...cliImports(context),
    ...clockImports(context),
    ...filesystemImports(context),
    ...socketImports(context),
    'wasi:http/types': { Fields, Request, RequestOptions, Response },
  }
}
