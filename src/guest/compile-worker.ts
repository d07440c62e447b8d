import { parentPort } from 'node:worker_threads'
import { WeftError } from '../errors.ts'
import { writeCached } from './cache.ts'
import { compile } from './compile.ts'

/** What the compile queue asks of its worker thread, and the answer. */
export interface CompileRequest {
  readonly id: number
  readonly bytes: Uint8Array
  readonly ref: string
  readonly path: string
}

export type CompileReply =
  | { readonly id: number; readonly ok: true }
  | { readonly id: number; readonly ok: false; readonly code: string; readonly message: string }

parentPort?.on('message', async (request: CompileRequest) => {
  try {
    await writeCached(request.path, compile(request.bytes, request.ref))
    parentPort?.postMessage({ id: request.id, ok: true } satisfies CompileReply)
  } catch (error) {
    const { code, message } = WeftError.from(error)
    parentPort?.postMessage({ id: request.id, ok: false, code, message } satisfies CompileReply)
  }
})
