import { WeftError } from '../errors.ts'

const block = 512
/** A long name that GNU tar puts before the entry it belongs to. */
const longName = 'L'
const regular = new Set(['0', '\0', '7'])

/** The regular files of a tar archive by name, in views of `bytes`. Throws `invalid` for what is no tar archive. */
export function readTar(bytes: Uint8Array, ref: string): ReadonlyMap<string, Uint8Array> {
  const files = new Map<string, Uint8Array>()
  let named: string | undefined
  for (let at = 0; at + block <= bytes.length; ) {
    const header = bytes.subarray(at, at + block)
    if (header.every((byte) => byte === 0)) break
    if (!hasChecksum(header)) throw new WeftError('invalid', `${ref}: not a tar archive (byte ${at})`)
    const size = octal(header, 124, 12)
    const content = bytes.subarray(at + block, at + block + size)
    // Not a number: what is larger than octal digits can say.
    if (!(content.length >= size))
      throw new WeftError('invalid', `${ref}: the archive ends in the middle of a file`)
    const type = String.fromCharCode(header[156] ?? 0)
    if (regular.has(type)) files.set(named ?? nameOf(header), content)
    named = type === longName ? text(content, 0, size) : undefined
    at += block + Math.ceil(size / block) * block
  }
  return files
}

function nameOf(header: Uint8Array): string {
  const name = text(header, 0, 100)
  const prefix = text(header, 257, 5) === 'ustar' ? text(header, 345, 155) : ''
  return (prefix === '' ? name : `${prefix}/${name}`).replace(/^\.\//, '')
}

/** The sum of the header's bytes, its own field counted as spaces. */
function hasChecksum(header: Uint8Array): boolean {
  const sum = header.reduce((total, byte, at) => total + (at >= 148 && at < 156 ? 32 : byte), 0)
  return sum === octal(header, 148, 8)
}

function octal(header: Uint8Array, start: number, length: number): number {
  return Number.parseInt(text(header, start, length).trim() || '0', 8)
}

function text(bytes: Uint8Array, start: number, length: number): string {
  const field = bytes.subarray(start, start + length)
  const end = field.indexOf(0)
  return new TextDecoder().decode(end === -1 ? field : field.subarray(0, end))
}
