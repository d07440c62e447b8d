import { GuestError } from '../../capability/guest-error.ts'

/** The methods of `descriptor` in `wasi:filesystem/types@0.2`. */
const descriptorMethods = [
  'readViaStream',
  'writeViaStream',
  'appendViaStream',
  'advise',
  'syncData',
  'getFlags',
  'getType',
  'setSize',
  'setTimes',
  'read',
  'write',
  'readDirectory',
  'sync',
  'createDirectoryAt',
  'stat',
  'statAt',
  'setTimesAt',
  'linkAt',
  'openAt',
  'readlinkAt',
  'removeDirectoryAt',
  'renameAt',
  'symlinkAt',
  'unlinkFileAt',
  'metadataHash',
  'metadataHashAt',
] as const

function refuse(): never {
  throw new GuestError('access')
}

/** Never handed out: there are no preopens. Should one turn up all the same, nothing can be done with it. */
class Descriptor {
  static {
    for (const name of descriptorMethods) Object.defineProperty(Descriptor.prototype, name, { value: refuse })
  }

  isSameObject(other: Descriptor): boolean {
    return this === other
  }
}

class DirectoryEntryStream {
  readDirectoryEntry(): never {
    refuse()
  }
}

/** `wasi:filesystem`: a guest has no files. */
export const filesystemImports = {
  'wasi:filesystem/preopens': { getDirectories: () => [] },
  'wasi:filesystem/types': { Descriptor, DirectoryEntryStream, filesystemErrorCode: () => undefined },
}
