import type { WitType } from '../wit/type.ts'
import type { AbiCodec } from './abi.ts'
import type { MemoryContext } from './memory-context.ts'
import {
  type CopyResult,
  copyResult,
  type Destination,
  type Elements,
  type Source,
  type Transfer,
} from './transfer.ts'
import { eventCode, Waitable } from './waitable.ts'

/** What a guest gets when its read or write has to wait. */
export const blocked = 0xffff_ffff | 0

export type TransferType = Extract<WitType, { readonly kind: 'stream' | 'future' }>

const kinds = {
  stream: { read: 'stream read', write: 'stream write' },
  future: { read: 'future read', write: 'future write' },
} as const

/** What a handle's entry says that it is: one text each, as guests name ends often. */
export function endKind({ kind }: TransferType, direction: 'read' | 'write'): string {
  return kinds[kind][direction]
}

/** One end of a stream or future as a guest holds it. */
export class TransferEnd extends Waitable {
  readonly transfer: Transfer
  readonly type: TransferType
  readonly #direction: 'read' | 'write'
  #busy = false

  constructor(direction: 'read' | 'write', type: TransferType, transfer: Transfer) {
    super(endKind(type, direction))
    this.transfer = transfer
    this.type = type
    this.#direction = direction
  }

  override get isUnfinished(): boolean {
    return this.#busy && !this.hasEvent
  }

  get isBusy(): boolean {
    return this.#busy
  }

  /** Copies between the guest's memory and the other end; gives the packed result, or `blocked`. */
  copy(handle: number, buffer: GuestBuffer): number {
    if (this.#busy)
      throw new WebAssembly.RuntimeError(`the guest used an end of a ${this.type.kind} that is in use`)
    this.#busy = true
    let packed: number | undefined
    let isWaiting = false
    const done = (result: CopyResult) => {
      const value = this.#packed(result, buffer.progress)
      if (!isWaiting) {
        packed = value
        this.#busy = false
        return
      }
      this.setEvent(() => {
        this.#busy = false
        return [this.#code, handle, this.#packed(result, buffer.progress)]
      })
    }
    if (this.#direction === 'read') this.transfer.read(buffer, done)
    else this.transfer.write(buffer, done)
    isWaiting = true
    return packed ?? blocked
  }

  /** Cancels what waits; gives its packed result. */
  cancel(): number {
    if (!this.#busy)
      throw new WebAssembly.RuntimeError('the guest cancelled a read or write that is not under way')
    if (!this.hasEvent) {
      if (this.#direction === 'read') this.transfer.cancelRead()
      else this.transfer.cancelWrite()
    }
    const [, , payload] = this.takeEvent() ?? [0, 0, copyResult.cancelled]
    this.#busy = false
    return payload
  }

  drop(): void {
    if (this.#busy)
      throw new WebAssembly.RuntimeError(`the guest dropped an end of a ${this.type.kind} that is in use`)
    this.release()
  }

  /** Drops it whatever it does. */
  release(): void {
    this.join(undefined)
    if (this.#direction === 'read') this.transfer.dropReader()
    else this.transfer.dropWriter()
  }

  get #code(): number {
    if (this.type.kind === 'stream')
      return this.#direction === 'read' ? eventCode.streamRead : eventCode.streamWrite
    return this.#direction === 'read' ? eventCode.futureRead : eventCode.futureWrite
  }

  #packed(result: CopyResult, progress: number): number {
    return this.type.kind === 'stream' ? result | (progress << 4) : result
  }
}

/** A range of a guest's memory that elements are read into or written from. */
export class GuestBuffer implements Destination, Source {
  readonly #cx: MemoryContext
  readonly #element: AbiCodec | undefined
  readonly #isBytes: boolean
  readonly #at: number
  readonly #count: number
  readonly copies = true
  /** Elements copied so far. */
  progress = 0

  constructor(
    cx: MemoryContext,
    element: { readonly codec: AbiCodec | undefined; readonly isBytes: boolean },
    range: { readonly at: number; readonly count: number },
  ) {
    this.#cx = cx
    this.#element = element.codec
    this.#isBytes = element.isBytes
    this.#at = range.at
    this.#count = range.count
    if (element.codec && range.count > 0)
      cx.range(range.at, range.count * element.codec.size, element.codec.align)
  }

  get room(): number {
    return this.#count - this.progress
  }

  get left(): number {
    return this.#count - this.progress
  }

  put(elements: Elements): void {
    const start = this.#next(elements.length)
    const element = this.#element
    if (!element) return
    this.#cx.touched(start, elements.length * element.size)
    if (this.#isBytes) {
      this.#cx.bytes.set(
        elements instanceof Uint8Array ? elements : Uint8Array.from(elements as number[]),
        start,
      )
      return
    }
    for (let index = 0; index < elements.length; index++)
      element.store(this.#cx, start + index * element.size, elements[index])
  }

  take(count: number): Elements {
    const start = this.#next(count)
    const element = this.#element
    if (!element) return new Array(count).fill(undefined)
    if (this.#isBytes) return this.#cx.bytes.slice(start, start + count)
    const elements = new Array<unknown>(count)
    for (let index = 0; index < count; index++)
      elements[index] = element.load(this.#cx, start + index * element.size)
    return elements
  }

  #next(count: number): number {
    const start = this.#at + this.progress * (this.#element?.size ?? 0)
    this.progress += count
    return start
  }
}
