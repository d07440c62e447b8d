import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import type { HttpResponse, HttpResult } from '../../src/capability/http.ts'
import { type ErrorCode, WeftError } from '../../src/errors.ts'

const statuses: Readonly<Record<ErrorCode, number>> = {
  invalid: 400,
  denied: 403,
  not_found: 503,
  unavailable: 503,
  deadline: 504,
  cancelled: 499,
  exhausted: 503,
  trapped: 500,
  internal: 500,
}

/** The HTTP status for a call that failed. A missing component is the operator's fault, not the client's: 503. */
export function statusOf(code: ErrorCode): number {
  return statuses[code]
}

const decoder = new TextDecoder('latin1')
const perConnection = new Set(['connection', 'keep-alive', 'transfer-encoding', 'upgrade'])

/** Writes what the component answered; resolves when the last byte is handed to the socket. */
export async function writeResult(res: ServerResponse, result: HttpResult, isHead: boolean): Promise<void> {
  if (result.tag === 'err')
    throw new WeftError('internal', `the component answered with error ${describe(result.val)}`)
  const response = result.val
  res.writeHead(response.status, headerList(response))
  await writeBody(res, response, isHead)
}

function headerList(response: HttpResponse): string[] {
  return response.headers.flatMap(([name, values]) =>
    perConnection.has(name.toLowerCase()) ? [] : values.flatMap((value) => [name, decoder.decode(value)]),
  )
}

async function writeBody(res: ServerResponse, response: HttpResponse, isHead: boolean): Promise<void> {
  for await (const chunk of response.body) {
    if (isHead) break
    if (res.destroyed) throw new WeftError('cancelled', 'the HTTP client closed the connection')
    if (!res.write(chunk)) await Promise.race([once(res, 'drain'), once(res, 'close')])
  }
  const trailers = isHead ? undefined : await response.trailers
  if (trailers)
    res.addTrailers(
      trailers.flatMap(([name, values]) =>
        values.map((value): [string, string] => [name, decoder.decode(value)]),
      ),
    )
  const finished = once(res, 'close')
  res.end()
  if (!res.writableFinished) await Promise.race([once(res, 'finish'), finished])
}

function describe(error: { readonly tag: string; readonly val?: unknown }): string {
  return error.val === undefined
    ? error.tag
    : `${error.tag}: ${typeof error.val === 'string' ? error.val : JSON.stringify(error.val)}`
}
