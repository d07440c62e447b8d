import type { Call } from '../call/call.ts'
import type { HttpErrorCode, HttpRequest, HttpResult } from '../capability/http.ts'
import { WeftError } from '../errors.ts'
import { camelCase } from '../wit/names.ts'
import type { WitWorld } from '../wit/type.ts'
import type { ExportObjects } from './component.ts'
import { httpExport } from './served.ts'
import { errorValueOf } from './trap.ts'
import { handleIncoming, type IncomingHandler } from './wasi-0-2/handle-incoming.ts'
import { Request } from './wasi-0-3/request.ts'
import { Response } from './wasi-0-3/response.ts'
import { watchBody } from './watch-body.ts'

type ExportFunction = (...args: readonly unknown[]) => unknown

/** Calls the export that `call` names and gives back its result value, as `Invoke` does. */
export async function runExport(instance: ExportObjects, world: WitWorld, call: Call): Promise<unknown> {
  const { operation } = call
  if (operation.interface.startsWith('wrpc:http/incoming-handler@')) return runHttp(instance, world, call)
  const fn = exportedFunction(instance, operation.interface, operation.function.name)
  const returnsResult = operation.function.result?.kind === 'result'
  try {
    const value = await fn(...call.args)
    return returnsResult ? { tag: 'ok', val: value } : value
  } catch (thrown) {
    const error = returnsResult ? errorValueOf(thrown) : undefined
    if (!error) throw thrown
    return { tag: 'err', val: error.payload }
  }
}

async function runHttp(instance: ExportObjects, world: WitWorld, call: Call): Promise<HttpResult> {
  const exported = httpExport(world)
  if (!exported) throw new WeftError('not_found', `component ${call.target} exports no wasi:http handler`)
  // The wire or the HTTP server has checked the argument against the WIT type.
  const request = call.args[0] as HttpRequest
  if (exported.id.includes('incoming-handler'))
    return runHttp02(instance[exported.id] as IncomingHandler, request, call)
  return runHttp03(exportedFunction(instance, exported.id, 'handle'), request, call)
}

async function runHttp02(handler: IncomingHandler, request: HttpRequest, call: Call): Promise<HttpResult> {
  const { response, done } = handleIncoming(handler, request, call.signal)
  call.course.hold(done)
  return response
}

async function runHttp03(handle: ExportFunction, request: HttpRequest, call: Call): Promise<HttpResult> {
  try {
    const response = Response.sent((await handle(Request.received(request))) as Response)
    const { body, done } = watchBody(response.body, call.signal)
    call.course.hold(done)
    return { tag: 'ok', val: { ...response, body } }
  } catch (thrown) {
    const error = errorValueOf(thrown)
    if (!error) throw thrown
    return { tag: 'err', val: error.payload as HttpErrorCode }
  }
}

function exportedFunction(instance: ExportObjects, interfaceId: string, name: string): ExportFunction {
  const holder =
    interfaceId === '' ? instance : (instance[interfaceId] as Readonly<Record<string, unknown>> | undefined)
  const fn = holder?.[camelCase(name)]
  if (typeof fn !== 'function')
    throw new WeftError('not_found', `the component exports no ${interfaceId}.${name}`)
  return (...args) => fn.apply(holder, args)
}
