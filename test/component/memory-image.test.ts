import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { dirtyPage, MemoryImage, wasmPage } from '../../src/component/memory-image.ts'
import { TrackedMemory } from '../../src/component/tracked-memory.ts'

/** A memory of two wasm pages with something on the border of two of its small pages, and at its very end. */
function written(): { readonly tracked: TrackedMemory; readonly bytes: Uint8Array } {
  const tracked = new TrackedMemory({ initial: 2, maximum: 4 })
  const bytes = new Uint8Array(tracked.memory.buffer)
  bytes.fill(1, dirtyPage - 20, dirtyPage + 20)
  bytes.fill(2, bytes.length - 8)
  return { tracked, bytes }
}

describe('the image of a memory', () => {
  it('takes no room for what is zero', () => {
    const { bytes } = written()
    assert.equal(MemoryImage.of(bytes).size, 3 * dirtyPage)
    assert.equal(MemoryImage.of(new Uint8Array(wasmPage * 100)).size, 0)
  })

  it('brings back what was marked as written, and what a store reached beyond it', () => {
    const { tracked, bytes } = written()
    const before = bytes.slice()
    const image = tracked.takeImage()
    // A store that begins on one page is marked there alone.
    bytes.fill(9, dirtyPage - 1, dirtyPage + 15)
    tracked.touched(dirtyPage - 1, 1)
    bytes.fill(9, 5 * dirtyPage - 1, 5 * dirtyPage + 15)
    tracked.touched(5 * dirtyPage - 1, 1)
    bytes.fill(9, bytes.length - dirtyPage)
    tracked.touched(bytes.length - 1, 1)
    tracked.restore(image)
    assert.deepEqual(bytes, before)
  })

  it('leaves what was not marked', () => {
    const { tracked, bytes } = written()
    const image = tracked.takeImage()
    bytes[3 * dirtyPage] = 9
    tracked.restore(image)
    assert.equal(bytes[3 * dirtyPage], 9)
  })

  it('makes pages zero that the memory did not have yet', () => {
    const { tracked } = written()
    const image = tracked.takeImage()
    tracked.memory.grow(2)
    const bytes = new Uint8Array(tracked.memory.buffer)
    bytes.fill(9, 2 * wasmPage)
    tracked.touched(2 * wasmPage, 2 * wasmPage)
    tracked.restore(image)
    assert.ok(bytes.subarray(2 * wasmPage).every((byte) => byte === 0))
    assert.equal(bytes[2 * wasmPage - 1], 2)
  })
})
