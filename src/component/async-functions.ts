import type { AbiCodec, CoreValue } from './abi.ts'
import type { HandleTable } from './handle-table.ts'
import type { Instance } from './instance.ts'
import type { Leave } from './later.ts'
import { mostFlatParams } from './lift.ts'
import type { CoreFunction } from './lower.ts'
import type { MemoryContext } from './memory-context.ts'
import type { Canon, CanonOptions } from './program.ts'
import { Subtask } from './subtask.ts'
import { Transfer } from './transfer.ts'
import { blocked, endKind, GuestBuffer, TransferEnd, type TransferType } from './transfer-end.ts'
import { noEvent, Waitable, type WaitableEvent, WaitableSet } from './waitable.ts'

type Builtin = Extract<Canon, { readonly do: 'builtin' }>

/** The core function of a built-in of the async part of the component model. What a guest has to wait for it gives by `leave`. */
export function asyncFunction(instance: Instance, canon: Builtin, leave: Leave): CoreFunction {
  const handles = instance.handles(canon.instance)
  switch (canon.builtin) {
    case 'task.return':
      return taskReturn(instance, canon)
    case 'task.cancel':
      return () => instance.task().fail(new WebAssembly.RuntimeError('the guest cancelled its task'))
    case 'context.get':
      return () => instance.task().context[canon.index === 1 ? 1 : 0]
    case 'context.set':
      return (value) => {
        instance.task().context[canon.index === 1 ? 1 : 0] = Number(value)
      }
    case 'subtask.drop':
      return (handle) => {
        if (!subtask(handles, handle).isResolved)
          throw new WebAssembly.RuntimeError('the guest dropped a call that is under way')
        subtask(handles, handle).join(undefined)
        handles.remove(Number(handle))
      }
    case 'subtask.cancel':
      return (handle) => subtask(handles, handle).cancel()
    case 'waitable-set.new':
      return () => handles.add(new WaitableSet())
    case 'waitable-set.drop':
      return (handle) => {
        const set = waitableSet(handles, handle)
        if (set.members.size > 0 || set.isWaitedFor)
          throw new WebAssembly.RuntimeError('the guest dropped a waitable set that is in use')
        handles.remove(Number(handle))
      }
    case 'waitable.join':
      return (handle, set) => {
        const waitable = handles.get(Number(handle))
        if (!(waitable instanceof Waitable))
          throw new WebAssembly.RuntimeError(`handle ${handle} can't be waited for`)
        waitable.join(Number(set) === 0 ? undefined : waitableSet(handles, set))
      }
    case 'waitable-set.poll':
      return (handle, at) =>
        tell(instance.contextOf(memoryOf(canon)), at, waitableSet(handles, handle).poll() ?? noEvent)
    case 'waitable-set.wait':
      return (handle, at) => {
        const set = waitableSet(handles, handle)
        const cx = instance.contextOf(memoryOf(canon))
        const event = set.poll()
        if (event) return tell(cx, at, event)
        instance.checkMaySuspend(canon.builtin)
        return leave(nextEvent(instance, set).then((one) => tell(cx, at, one)))
      }
    case 'thread.yield':
      return () => {
        instance.checkMaySuspend(canon.builtin)
        return leave(yieldTask(instance))
      }
    case 'backpressure.inc':
    case 'backpressure.dec':
      // One that wants no more calls at once gets none: how many an instance serves is in its settings.
      return () => {}
    default:
      return transferFunction(instance, canon, leave)
  }
}

/** The next event of `set`, told while the task that asked runs again. */
async function nextEvent(instance: Instance, set: WaitableSet): Promise<WaitableEvent> {
  const task = instance.task()
  const event = await set.wait(task.life)
  instance.enter(task)
  return event
}

async function yieldTask(instance: Instance): Promise<number> {
  const task = instance.task()
  await new Promise((resolve) => setImmediate(resolve))
  task.life.throwIfOver()
  instance.enter(task)
  return 0
}

function taskReturn(instance: Instance, canon: Builtin): CoreFunction {
  const codec = canon.type && instance.program.codecOf(canon.type)
  const cx = instance.contextOf(memoryOf(canon))
  if (!codec) return () => instance.task().resolve(undefined)
  return (...flat) => {
    const value =
      codec.flat.length > mostFlatParams
        ? codec.load(cx, cx.range(Number(flat[0]) >>> 0, codec.size, codec.align))
        : codec.lift(cx, { values: flat, at: 0 })
    instance.task().resolve(value)
  }
}

/** `stream.…` and `future.…`. */
function transferFunction(instance: Instance, canon: Builtin, leave: Leave): CoreFunction {
  const handles = instance.handles(canon.instance)
  const type = canon.type as TransferType
  const [, deed = ''] = canon.builtin.split('.')
  const end = (handle: CoreValue, direction: 'read' | 'write') =>
    transferEnd(handles, handle, endKind(type, direction))
  switch (deed) {
    case 'new':
      return () => {
        const transfer = new Transfer()
        const readable = handles.add(new TransferEnd('read', type, transfer))
        const writable = handles.add(new TransferEnd('write', type, transfer))
        return BigInt(writable * 2 ** 32 + readable)
      }
    case 'read':
    case 'write':
      return copyFunction(instance, canon, { type, end: (handle) => end(handle, deed), leave })
    case 'cancel-read':
      return (handle) => end(handle, 'read').cancel()
    case 'cancel-write':
      return (handle) => end(handle, 'write').cancel()
    case 'drop-readable':
    case 'drop-writable':
      return (handle) => {
        end(handle, deed === 'drop-readable' ? 'read' : 'write').drop()
        handles.remove(Number(handle))
      }
    default:
      throw new WebAssembly.LinkError(`${canon.builtin} is not a function that this engine gives`)
  }
}

function copyFunction(
  instance: Instance,
  canon: Builtin,
  {
    type,
    end,
    leave,
  }: {
    readonly type: TransferType
    readonly end: (handle: CoreValue) => TransferEnd
    readonly leave: Leave
  },
): CoreFunction {
  const codec: AbiCodec | undefined = type.element && instance.program.codecOf(type.element)
  const element = { codec, isBytes: type.element?.kind === 'u8' }
  let cx: MemoryContext | undefined
  const copy = (handle: CoreValue, at: CoreValue, count: CoreValue = 1) => {
    cx ??= instance.contextOf(memoryOf(canon))
    const buffer = new GuestBuffer(cx, element, { at: Number(at) >>> 0, count: Number(count) >>> 0 })
    return end(handle).copy(Number(handle), buffer)
  }
  if (canon.options?.async) return copy
  return (handle, at, count) => {
    const result = copy(handle, at, count)
    if (result !== blocked) return result
    instance.checkMaySuspend(canon.builtin)
    const set = new WaitableSet()
    const waiting = end(handle)
    waiting.join(set)
    return leave(
      nextEvent(instance, set).then(([, , payload]) => {
        waiting.join(undefined)
        return payload
      }),
    )
  }
}

function memoryOf(canon: Builtin): { readonly instance: number; readonly options: CanonOptions } {
  const { instance, options, memory } = canon
  return { instance, options: options ?? { encoding: 'utf8', async: false, ...(memory && { memory }) } }
}

/** Writes an event's two numbers where the guest wants them and gives its code. */
function tell(cx: MemoryContext, at: CoreValue, [code, handle, payload]: WaitableEvent): number {
  const start = cx.range(Number(at) >>> 0, 8, 4)
  cx.touched(start, 8)
  cx.view.setUint32(start, handle, true)
  cx.view.setUint32(start + 4, payload, true)
  return code
}

function subtask(handles: HandleTable, handle: CoreValue): Subtask {
  const entry = handles.get(Number(handle))
  if (entry instanceof Subtask) return entry
  throw new WebAssembly.RuntimeError(`handle ${handle} is no call`)
}

function waitableSet(handles: HandleTable, handle: CoreValue): WaitableSet {
  const entry = handles.get(Number(handle))
  if (entry instanceof WaitableSet) return entry
  throw new WebAssembly.RuntimeError(`handle ${handle} is no waitable set`)
}

function transferEnd(handles: HandleTable, handle: CoreValue, kind: string): TransferEnd {
  const entry = handles.get(Number(handle))
  if (entry instanceof TransferEnd && entry.kind === kind) return entry
  throw new WebAssembly.RuntimeError(`handle ${handle} is no ${kind} end`)
}
