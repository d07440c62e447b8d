import { lazyImports, type WasiImports } from '../lazy-imports.ts'
import type { WasiContext } from '../wasi-context.ts'
import { cliImports } from './cli.ts'
import { clockImports } from './clocks.ts'
import { Fields } from './fields.ts'
import { filesystemImports } from './filesystem.ts'
import { randomImports } from './random.ts'
import { Request, RequestOptions } from './request.ts'
import { Response } from './response.ts'
import { socketImports } from './sockets.ts'

/** The import objects of WASI 0.3, for one instance. */
export function wasi03(context: WasiContext): WasiImports {
  return lazyImports({
    'wasi:cli': () => cliImports(context),
    'wasi:clocks': () => clockImports(context),
    'wasi:random': () => randomImports,
    'wasi:filesystem': () => filesystemImports(context),
    'wasi:sockets': () => socketImports(context),
    'wasi:http': () => ({ 'wasi:http/types': { Fields, Request, RequestOptions, Response } }),
  })
}
