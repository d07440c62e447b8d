import { Worker } from 'node:worker_threads'
import { errorCodeFrom, WeftError } from '../errors.ts'
import { sibling } from '../sibling.ts'
import { cachedPath, digestOf, isCached } from './cache.ts'
import type { CompileReply, CompileRequest } from './compile-worker.ts'

/** A component that data threads can load. */
export interface ReadyComponent {
  readonly digest: string
  /** The folder with its program and core modules. */
  readonly path: string
}

/** An idle compiler holds a hundred megabytes: it is ended after this long without work. */
const idleMs = 10_000

/** Compiles components on a thread of their own, one at a time, each digest once; finished ones come from disk. */
export class CompileQueue {
  readonly #cacheDir: string
  readonly #running = new Map<string, Promise<ReadyComponent>>()
  readonly #waiting = new Map<number, { resolve(): void; reject(error: WeftError): void }>()
  #worker: Worker | undefined
  #idle: NodeJS.Timeout | undefined
  #next = 0

  constructor(cacheDir: string) {
    this.#cacheDir = cacheDir
  }

  /** Rejects with `invalid` when the bytes are not a component that can run; `ref` names it in messages. */
  compile(
    bytes: Uint8Array,
    ref: string,
  ): Promise<ReadyComponent & { readonly source: 'compiled' | 'cached' }> {
    const digest = digestOf(bytes)
    const path = cachedPath(this.#cacheDir, digest)
    if (isCached(path)) return Promise.resolve({ digest, path, source: 'cached' })
    let running = this.#running.get(digest)
    if (!running) {
      running = this.#ask(bytes, ref, path)
        .then(() => ({ digest, path }))
        .finally(() => this.#running.delete(digest))
      this.#running.set(digest, running)
    }
    return running.then((ready) => ({ ...ready, source: 'compiled' }))
  }

  async stop(): Promise<void> {
    clearTimeout(this.#idle)
    const worker = this.#worker
    this.#lose(new WeftError('cancelled', 'the host stops'))
    await worker?.terminate()
  }

  #ask(bytes: Uint8Array, ref: string, path: string): Promise<void> {
    clearTimeout(this.#idle)
    this.#worker ??= this.#startWorker()
    this.#worker.ref()
    const id = this.#next++
    const answer = new Promise<void>((resolve, reject) => this.#waiting.set(id, { resolve, reject }))
    this.#worker.postMessage({ id, bytes, ref, path } satisfies CompileRequest)
    return answer
  }

  #startWorker(): Worker {
    const worker = new Worker(sibling(import.meta.url, 'compile-worker'))
    worker.on('message', (reply: CompileReply) => this.#settle(reply))
    worker.on('error', (error) => this.#lose(WeftError.from(error)))
    return worker
  }

  #settle(reply: CompileReply): void {
    const waiting = this.#waiting.get(reply.id)
    this.#waiting.delete(reply.id)
    if (reply.ok) waiting?.resolve()
    else waiting?.reject(new WeftError(errorCodeFrom(reply.code), reply.message))
    if (this.#waiting.size > 0) return
    this.#worker?.unref()
    this.#idle = setTimeout(() => {
      const worker = this.#worker
      this.#worker = undefined
      void worker?.terminate()
    }, idleMs).unref()
  }

  #lose(error: WeftError): void {
    this.#worker = undefined
    for (const waiting of this.#waiting.values()) waiting.reject(error)
    this.#waiting.clear()
  }
}
