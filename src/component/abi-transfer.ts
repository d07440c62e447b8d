import type { AbiCodec } from './abi.ts'
import { indexCodec } from './abi-index.ts'
import { GuestStream, guestFuture, hostFuture, hostStream } from './host-ends.ts'
import type { MemoryContext } from './memory-context.ts'
import type { Elements, Transfer } from './transfer.ts'
import { endKind, TransferEnd, type TransferType } from './transfer-end.ts'

/** The codec of `stream<T>` and `future<T>`: its readable end goes over to the other side. */
export function transferCodec(type: TransferType): AbiCodec {
  return indexCodec(
    (cx, handle) => toHost(type, takeReadable(cx, handle, type)),
    (cx, value) => cx.handles.add(new TransferEnd('read', type, fromHost(type, value))),
  )
}

function takeReadable(cx: MemoryContext, handle: number, type: TransferType): Transfer {
  const end = cx.handles.get(handle)
  if (!(end instanceof TransferEnd) || end.kind !== endKind(type, 'read'))
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
