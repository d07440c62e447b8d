/** Methods of `descriptor` that ask the file system. */
const fileMethods = [
  'sync-data',
  'set-size',
  'set-times',
  'read',
  'write',
  'sync',
  'create-directory-at',
  'stat',
  'stat-at',
  'set-times-at',
  'link-at',
  'open-at',
  'readlink-at',
  'remove-directory-at',
  'rename-at',
  'symlink-at',
  'unlink-file-at',
  'is-same-object',
  'metadata-hash',
  'metadata-hash-at',
]

/** The functions of WASI that may wait although they are not async, without versions, as `ns:pkg/iface#function`. */
export const suspendingImports: readonly string[] = [
  ...fileMethods.map((name) => `wasi:filesystem/types#[method]descriptor.${name}`),
  // Of 0.3, where most functions that wait are async.
  'wasi:sockets/types#[method]tcp-socket.listen',
  'wasi:sockets/types#[method]udp-socket.bind',
  'wasi:filesystem/types#[method]directory-entry-stream.read-directory-entry',
  'wasi:io/poll#poll',
  'wasi:io/poll#[method]pollable.block',
  'wasi:io/streams#[method]input-stream.blocking-read',
  'wasi:io/streams#[method]input-stream.blocking-skip',
  'wasi:io/streams#[method]output-stream.blocking-write-and-flush',
  'wasi:io/streams#[method]output-stream.blocking-write-zeroes-and-flush',
  'wasi:io/streams#[method]output-stream.blocking-flush',
  'wasi:io/streams#[method]output-stream.blocking-splice',
]
