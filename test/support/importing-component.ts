/** The bytes of a component that imports one function of the interface `id` and does nothing. */
export function importingComponent(id: string): Uint8Array {
  const functionType = [0x01, 0x40, 0x00, 0x01, 0x00]
  const functionExport = [0x04, 0x00, ...name('call'), 0x01, 0x00]
  const types = [0x01, 0x42, 0x02, ...functionType, ...functionExport]
  const imports = [0x01, 0x00, ...name(id), 0x05, 0x00]
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 0x0d, 0x00, 0x01, 0x00],
    ...section(7, types),
    ...section(10, imports),
  ])
}

function section(id: number, content: readonly number[]): number[] {
  return [id, content.length, ...content]
}

function name(text: string): number[] {
  const bytes = [...new TextEncoder().encode(text)]
  // One byte holds a length (LEB128) below 128.
  if (bytes.length > 100) throw new Error(`${text} is too long for a test`)
  return [bytes.length, ...bytes]
}
