/** Collects the bytes of a core module. */
export class CoreWriter {
  #bytes = new Uint8Array(1024)
  #length = 0

  get length(): number {
    return this.#length
  }

  get bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#length)
  }

  byte(...values: readonly number[]): this {
    this.#grow(values.length)
    for (const value of values) this.#bytes[this.#length++] = value
    return this
  }

  raw(bytes: Uint8Array): this {
    this.#grow(bytes.length)
    this.#bytes.set(bytes, this.#length)
    this.#length += bytes.length
    return this
  }

  u32(value: number): this {
    let rest = value >>> 0
    this.#grow(5)
    while (rest >= 0x80) {
      this.#bytes[this.#length++] = (rest & 0x7f) | 0x80
      rest >>>= 7
    }
    this.#bytes[this.#length++] = rest
    return this
  }

  /** A signed number, as `i32.const` has it. */
  s32(value: number): this {
    let rest = value | 0
    for (;;) {
      const low = rest & 0x7f
      rest >>= 7
      const isLast = (rest === 0 && (low & 0x40) === 0) || (rest === -1 && (low & 0x40) !== 0)
      this.byte(isLast ? low : low | 0x80)
      if (isLast) return this
    }
  }

  name(text: string): this {
    const bytes = new TextEncoder().encode(text)
    return this.u32(bytes.length).raw(bytes)
  }

  /** A section: id, length, content. */
  section(id: number, content: CoreWriter): this {
    return this.byte(id).u32(content.length).raw(content.bytes)
  }

  #grow(count: number): void {
    if (this.#length + count <= this.#bytes.length) return
    const bigger = new Uint8Array(Math.max(this.#bytes.length * 2, this.#length + count))
    bigger.set(this.#bytes.subarray(0, this.#length))
    this.#bytes = bigger
  }
}
