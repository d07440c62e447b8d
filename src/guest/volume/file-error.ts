/** What `wasi:filesystem` calls the ways in which an operation can fail, 0.2 and 0.3 alike. */
export type FileErrorCode =
  | 'access'
  | 'already'
  | 'bad-descriptor'
  | 'busy'
  | 'cross-device'
  | 'exist'
  | 'file-too-large'
  | 'illegal-byte-sequence'
  | 'insufficient-memory'
  | 'insufficient-space'
  | 'interrupted'
  | 'invalid'
  | 'io'
  | 'is-directory'
  | 'loop'
  | 'name-too-long'
  | 'no-device'
  | 'no-entry'
  | 'no-such-device'
  | 'not-directory'
  | 'not-empty'
  | 'not-permitted'
  | 'overflow'
  | 'quota'
  | 'read-only'
  | 'text-file-busy'
  | 'too-many-links'
  | 'unsupported'

/** A file operation of a guest failed. */
export class FileError extends Error {
  override readonly name = 'FileError'
  readonly code: FileErrorCode

  constructor(code: FileErrorCode, options?: { readonly cause?: unknown }) {
    super(`file error ${code}`, options)
    this.code = code
  }

  /** What was thrown, as the guest may know it: an errno by its name, anything else is `io`. Host paths stay inside. */
  static from(thrown: unknown): FileError {
    if (thrown instanceof FileError) return thrown
    const errno = errnoOf(thrown) ?? ''
    return new FileError(codes[errno] ?? 'io', { cause: thrown })
  }
}

/** The errno by which the system refused, such as `ENOENT`. */
export function errnoOf(thrown: unknown): string | undefined {
  const code = thrown instanceof Error && 'code' in thrown ? thrown.code : undefined
  return typeof code === 'string' ? code : undefined
}

const codes: Readonly<Record<string, FileErrorCode>> = {
  EACCES: 'access',
  EALREADY: 'already',
  EBADF: 'bad-descriptor',
  EBUSY: 'busy',
  EDQUOT: 'quota',
  EEXIST: 'exist',
  EFBIG: 'file-too-large',
  EILSEQ: 'illegal-byte-sequence',
  EINTR: 'interrupted',
  EINVAL: 'invalid',
  EISDIR: 'is-directory',
  ELOOP: 'loop',
  EMFILE: 'insufficient-memory',
  EMLINK: 'too-many-links',
  ENAMETOOLONG: 'name-too-long',
  ENFILE: 'insufficient-memory',
  ENODEV: 'no-device',
  ENOENT: 'no-entry',
  ENOMEM: 'insufficient-memory',
  ENOSPC: 'insufficient-space',
  ENOTDIR: 'not-directory',
  ENOTEMPTY: 'not-empty',
  ENOTSUP: 'unsupported',
  ENXIO: 'no-such-device',
  EOVERFLOW: 'overflow',
  EPERM: 'not-permitted',
  EROFS: 'read-only',
  ETXTBSY: 'text-file-busy',
  EXDEV: 'cross-device',
}
