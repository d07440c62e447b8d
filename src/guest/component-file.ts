import { WeftError } from '../errors.ts'

const magic = [0x00, 0x61, 0x73, 0x6d]

/**
 * Refuses bytes that are not a WebAssembly component, by name: not WebAssembly at all, or a core module.
 * The first 8 bytes say so: magic, then version and layer (layer 1 is the component model).
 */
export function checkComponentBytes(bytes: Uint8Array, ref: string): void {
  if (bytes.length < 8 || magic.some((byte, at) => bytes[at] !== byte)) {
    const start = JSON.stringify(new TextDecoder('latin1').decode(bytes.subarray(0, 16)))
    throw new WeftError(
      'invalid',
      `${ref} is not WebAssembly: expected a component (a file that starts with "\\0asm"), got ${bytes.length} bytes that start with ${start}`,
    )
  }
  const layer = (bytes[6] ?? 0) | ((bytes[7] ?? 0) << 8)
  if (layer === 0) {
    throw new WeftError(
      'invalid',
      `${ref} is a core WebAssembly module, expected a component: wrap it with \`jco embed\` and \`jco new\`, or build it for a component target`,
    )
  }
}
