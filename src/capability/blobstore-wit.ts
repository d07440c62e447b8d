import { lazyInterfaces } from '../wit/lazy-interfaces.ts'
import type { WitInterface } from '../wit/type.ts'

/** What both versions have alike; in 0.1.0 a stream said nothing of how it ended. */
function packageText(
  version: string,
  results: { readonly names: string; readonly data: string; readonly written: string },
): string {
  return `
package wrpc:blobstore@${version} {
  interface blobstore {
    record object-id { container: string, object: string }
    record container-metadata { created-at: u64 }
    record object-metadata { created-at: u64, size: u64 }
    clear-container: func(name: string) -> result<_, string>;
    container-exists: func(name: string) -> result<bool, string>;
    create-container: func(name: string) -> result<_, string>;
    delete-container: func(name: string) -> result<_, string>;
    get-container-info: func(name: string) -> result<container-metadata, string>;
    list-container-objects: func(name: string, limit: option<u64>, offset: option<u64>) -> result<${results.names}, string>;
    copy-object: func(src: object-id, dest: object-id) -> result<_, string>;
    delete-object: func(id: object-id) -> result<_, string>;
    delete-objects: func(container: string, objects: list<string>) -> result<_, string>;
    get-container-data: func(id: object-id, start: u64, end: u64) -> result<${results.data}, string>;
    get-object-info: func(id: object-id) -> result<object-metadata, string>;
    has-object: func(id: object-id) -> result<bool, string>;
    move-object: func(src: object-id, dest: object-id) -> result<_, string>;
    write-container-data: func(id: object-id, data: stream<u8>) -> result<${results.written}, string>;
  }
}
`
}

const interfaces = lazyInterfaces(
  packageText('0.2.0', {
    names: 'tuple<stream<string>, future<result<_, string>>>',
    data: 'tuple<stream<u8>, future<result<_, string>>>',
    written: 'future<result<_, string>>',
  }) + packageText('0.1.0', { names: 'stream<string>', data: 'stream<u8>', written: '_' }),
)

/** `wrpc:blobstore/blobstore@0.2.0`, what `wasi:blobstore` goes over the lattice as. */
export const blobstoreInterface = (): WitInterface => interfaces.named('wrpc:blobstore/blobstore@0.2.0')

/** The same as providers before wasmCloud 1.6 have it: asked when nobody answers to the newer. */
export const oldBlobstoreInterface = (): WitInterface => interfaces.named('wrpc:blobstore/blobstore@0.1.0')
