const latin1 = new TextDecoder('latin1')
const utf8 = new TextDecoder()

/** Reads a section of DWARF from front to back. Running past its end is a `RangeError`. */
export class DwarfReader {
  readonly #view: DataView
  #at: number
  readonly #end: number

  constructor(view: DataView, start = 0, end = view.byteLength) {
    if (end > view.byteLength) throw new RangeError('a part of DWARF leads out of its section')
    this.#view = view
    this.#at = start
    this.#end = end
  }

  get offset(): number {
    return this.#at
  }

  get done(): boolean {
    return this.#at >= this.#end
  }

  u8 = () => this.#view.getUint8(this.#step(1))
  s8 = () => this.#view.getInt8(this.#step(1))
  u16 = () => this.#view.getUint16(this.#step(2), true)
  u32 = () => this.#view.getUint32(this.#step(4), true)

  uleb(): number {
    let value = 0
    for (let factor = 1; ; factor *= 128) {
      const byte = this.u8()
      value += (byte & 0x7f) * factor
      if (byte < 0x80) return value
    }
  }

  sleb(): number {
    let value = 0
    for (let factor = 1; ; factor *= 128) {
      const byte = this.u8()
      value += (byte & 0x7f) * factor
      if (byte < 0x80) return (byte & 0x40) !== 0 ? value - factor * 128 : value
    }
  }

  /** Text up to a zero byte. */
  text(): string {
    const start = this.#at
    while (this.u8() !== 0);
    const bytes = new Uint8Array(this.#view.buffer, this.#view.byteOffset + start, this.#at - 1 - start)
    return bytes.every((byte) => byte < 128) ? latin1.decode(bytes) : utf8.decode(bytes)
  }

  skip(length: number): void {
    this.#step(length)
  }

  /** A reader of the next `length` bytes, which this one steps over. */
  part(length: number): DwarfReader {
    const start = this.#step(length)
    return new DwarfReader(this.#view, start, start + length)
  }

  #step(length: number): number {
    const at = this.#at
    if (at + length > this.#end) throw new RangeError('DWARF ends in the middle')
    this.#at = at + length
    return at
  }
}
