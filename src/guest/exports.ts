import type { Call, Operation } from '../call/call.ts'
import type { HttpErrorCode, HttpRequest, HttpResult } from '../capability/http.ts'
import type { Instance } from '../component/instance.ts'
import type { TaskOptions } from '../component/task.ts'
import { WeftError } from '../errors.ts'
import { withoutVersion } from '../wit/names.ts'
import type { WitInterface, WitWorld } from '../wit/type.ts'
import { limitBody } from './limit-body.ts'
import { httpExport, watcherExport } from './served.ts'
import { tracedRequest } from './traced-request.ts'
import { GuestExit } from './wasi-0-2/guest-exit.ts'
import { handleIncoming } from './wasi-0-2/handle-incoming.ts'
import { Request } from './wasi-0-3/request.ts'
import { Response } from './wasi-0-3/response.ts'

/** One run of an export: the call that it answers, and whose and how long it is. */
export interface ExportRun extends TaskOptions {
  readonly call: Call
  /** Bytes that the body of a request may have. */
  readonly requestBytes: number
  /** Tells why the run failed, once, and makes the error of it that others see; for failures after the answer. */
  readonly failed: (thrown: unknown) => WeftError
  /** The resource `bucket` of a name, as the guest's own imports would open it. */
  readonly bucket: (name: string) => object
}

/** Calls the export that a run's call names and gives back its result value, as `Invoke` does. */
export type RunExport = (instance: Instance, run: ExportRun) => Promise<unknown>

/** How the exports of a component are called. */
export function exportRunner(world: WitWorld): RunExport {
  const http = httpExport(world)
  const watcher = watcherExport(world)
  return (instance, run) => {
    const { interface: id } = run.call.operation
    if (isHttp(id)) return runHttp(instance, http, run)
    if (id.startsWith('wrpc:keyvalue/watcher@')) return runWatcher(instance, watcher, run)
    return withoutVersion(id) === 'wasi:cli/run' ? runCommand(instance, run) : runPlain(instance, run)
  }
}

function isHttp(id: string): boolean {
  return id.startsWith('wrpc:http/incoming-handler@')
}

/** True for async exports, which can be entered while another runs. */
export function asyncExports(world: WitWorld): (operation: Operation) => boolean {
  const isHttpAsync = httpExport(world)?.functions.some((fn) => fn.async) ?? false
  return (operation) => (isHttp(operation.interface) ? isHttpAsync : operation.function.async)
}

async function runPlain(instance: Instance, run: ExportRun): Promise<unknown> {
  const { call } = run
  const { interface: id, function: fn } = call.operation
  const { result, exited } = instance.call({ interface: id, name: fn.name }, call.args, run)
  if (fn.async) holdOn(run, exited)
  else await exited
  return result
}

/** The guest goes on after its answer. */
function holdOn({ call, failed }: ExportRun, exited: Promise<void>): void {
  const ended = exited.catch((thrown: unknown) => {
    throw failed(thrown)
  })
  call.course.hold(ended)
}

/** The lattice names a bucket, the guest gets it opened. */
async function runWatcher(
  instance: Instance,
  exported: WitInterface | undefined,
  run: ExportRun,
): Promise<void> {
  const { call } = run
  if (!exported) throw new WeftError('not_found', `component ${call.target} exports no wasi:keyvalue/watcher`)
  const [bucket, ...rest] = call.args
  const args = [run.bucket(String(bucket)), ...rest]
  await instance.call({ interface: exported.id, name: call.operation.function.name }, args, run).exited
}

/** `exit` is how many a command ends, in the middle of its run: its status is the result then. */
async function runCommand(instance: Instance, run: ExportRun): Promise<unknown> {
  const { interface: id, function: fn } = run.call.operation
  try {
    const { result, exited } = instance.call({ interface: id, name: fn.name }, run.call.args, run)
    await exited
    return await result
  } catch (thrown) {
    if (thrown instanceof GuestExit) return { tag: thrown.code === 0 ? 'ok' : 'err' }
    throw thrown
  }
}

function runHttp(
  instance: Instance,
  exported: WitInterface | undefined,
  run: ExportRun,
): Promise<HttpResult> {
  const { call } = run
  if (!exported) throw new WeftError('not_found', `component ${call.target} exports no wasi:http handler`)
  // The wire or the HTTP server has checked the argument against the WIT type.
  const limited = limitBody(call.args[0] as HttpRequest, run.requestBytes, (reason) => instance.fail(reason))
  const request = tracedRequest(limited, call.context.trace)
  const handle = (...args: unknown[]) => instance.call({ interface: exported.id, name: 'handle' }, args, run)
  if (!exported.id.includes('incoming-handler')) return runHttp03(handle, request, run)
  const handler = { handle: (...args: unknown[]) => handle(...args).exited }
  const { response, done } = handleIncoming(handler, request, { signal: call.signal, failed: run.failed })
  call.course.hold(done)
  return response
}

async function runHttp03(
  handle: (request: Request) => ReturnType<Instance['call']>,
  request: HttpRequest,
  run: ExportRun,
): Promise<HttpResult> {
  const { call } = run
  const { result, exited } = handle(Request.received(request))
  const answer = (await result) as
    | { readonly tag: 'ok'; readonly val: Response }
    | { readonly tag: 'err'; readonly val: HttpErrorCode }
  holdOn(run, exited)
  if (answer.tag === 'err') return answer
  const { response, over } = Response.sent(answer.val, call.signal)
  call.course.hold(over)
  return { tag: 'ok', val: response }
}
