import { type AbiCodec, nextU32 } from './abi.ts'
import { GuestStream, guestFuture, hostFuture, hostStream } from './host-ends.ts'
import type { MemoryContext } from './memory-context.ts'
import type { Elements, Transfer } from './transfer.ts'
import { TransferEnd, type TransferType } from './transfer-end.ts'

/** The codec of `stream<T>` and `future<T>`: its readable end goes over to the other side. */
export function transferCodec(type: TransferType): AbiCodec {
  const take = (cx: MemoryContext, handle: number) => toHost(type, takeReadable(cx, handle, type))
  const give = (cx: MemoryContext, value: unknown) =>
    cx.handles.add(new TransferEnd('read', type, fromHost(type, value)))
  return {
    size: 4,
    align: 4,
    flat: ['i32'],
    load: (cx, at) => take(cx, cx.view.getUint32(at, true)),
    store: (cx, at, value) => {
      const handle = give(cx, value)
      cx.view.setUint32(at, handle, true)
    },
    lift: (cx, from) => take(cx, nextU32(from)),
    lower: (cx, value, to) => to.push(give(cx, value)),
  }
}

function takeReadable(cx: MemoryContext, handle: number, type: TransferType): Transfer {
  const end = cx.handles.get(handle)
  if (!(end instanceof TransferEnd) || end.kind !== `${type.kind} read`)
    throw new WebAssembly.RuntimeError(
      `the guest gave handle ${handle} as a readable ${type.kind}, which it is not`,
    )
  if (end.isBusy) throw new WebAssembly.RuntimeError(`the guest gave away a ${type.kind} that it reads from`)
  cx.handles.remove(handle)
  end.join(undefined)
  return end.transfer
}

function toHost(type: TransferType, transfer: Transfer): unknown {
  return type.kind === 'stream'
    ? new GuestStream(transfer, type.element?.kind === 'u8')
    : guestFuture(transfer)
}

function fromHost(type: TransferType, value: unknown): Transfer {
  if (type.kind === 'future') return hostFuture(value)
  if (value instanceof GuestStream) {
    const transfer = value.handOn()
    if (transfer) return transfer
  }
  return hostStream(value as AsyncIterable<Elements>)
}
