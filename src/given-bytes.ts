/** Smaller ones cost the collector less than freeing them one by one. */
const worthFreeing = 4096

const given = new WeakSet<Uint8Array>()

/**
 * Marks a body's chunk as one that nobody needs but its last reader: the memory of a long body then comes free as it
 * passes, not when the collector next goes through the whole heap (half the CPU time of a body of 100 MB). Only for bytes
 * that fill their buffer and that nothing else refers to. Gives them back.
 */
export function giveAway<T extends Uint8Array>(bytes: T): T {
  if (bytes.byteLength >= worthFreeing && bytes.byteLength === bytes.buffer.byteLength) given.add(bytes)
  return bytes
}

/** Who calls this has read the chunk and keeps nothing of it. One that was not given away is left as it is. */
export function free(bytes: Uint8Array): void {
  if (given.delete(bytes) && bytes.buffer instanceof ArrayBuffer) bytes.buffer.transfer(0)
}
