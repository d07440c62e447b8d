// What hello.ts imports, as componentize-qjs maps its WIT: an interface is a default export,
// an `option` is a value or null, a function's `result` is a return value or an exception.

declare module 'wasi:http/types@0.3.0' {
  export interface Request {
    getMethod(): { tag: string; val?: string }
    getPathWithQuery(): string | null
  }
  export interface Response {
    setStatusCode(status: number): void
  }
  export interface Fields {
    copyAll(): [name: string, value: Uint8Array][]
  }
  type Trailers = Promise<{ tag: 'ok'; val: Fields | null }>
  const http: {
    Fields: { fromList(entries: [name: string, value: Uint8Array][]): Fields }
    Response: {
      'new'(
        headers: Fields,
        contents: StreamReadable | null,
        trailers: Trailers,
      ): [Response, Promise<unknown>]
    }
  }
  export default http
}

declare module 'wasi:keyvalue/store@0.2.0-draft2' {
  export interface Bucket {
    get(key: string): Uint8Array | null
    set(key: string, value: Uint8Array): void
    delete(key: string): void
    exists(key: string): boolean
    listKeys(cursor: string | null): { keys: string[]; cursor: string | null }
  }
  const store: { open(identifier: string): Bucket }
  export default store
}

declare module 'wasi:keyvalue/atomics@0.2.0-draft2' {
  import type { Bucket } from 'wasi:keyvalue/store@0.2.0-draft2'

  const atomics: { increment(bucket: Bucket, key: string, delta: number): number }
  export default atomics
}

declare module 'wasi:config/store@0.2.0-draft' {
  const config: { get(key: string): string | null; getAll(): [key: string, value: string][] }
  export default config
}

declare module 'wasi:logging/logging@0.1.0-draft' {
  type Level = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'critical'
  const logging: { log(level: Level, context: string, message: string): void }
  export default logging
}

interface StreamReadable {
  read(count?: number): Promise<Uint8Array>
  drop(): void
}

interface StreamWritable {
  writeAll(data: Uint8Array): Promise<number>
  drop(): void
}

/** The global that componentize-qjs gives every guest. */
declare const wit: {
  Stream: { (element: symbol): { readable: StreamReadable; writable: StreamWritable }; U8: symbol }
}
