import type { HttpErrorCode } from '../../capability/http.ts'
import type { WasiContext } from '../wasi-context.ts'
import { Fields } from './fields.ts'
import { FutureTrailers, IncomingBody } from './incoming-body.ts'
import { IncomingRequest, IncomingResponse } from './incoming-message.ts'
import type { IoError } from './io-error.ts'
import { OutgoingBody } from './outgoing-body.ts'
import { FutureIncomingResponse } from './outgoing-handler.ts'
import { OutgoingRequest, OutgoingResponse } from './outgoing-message.ts'
import { RequestOptions } from './request-options.ts'
import { ResponseOutparam } from './response-outparam.ts'

const shared = {
  Fields,
  FutureIncomingResponse,
  FutureTrailers,
  IncomingBody,
  IncomingRequest,
  IncomingResponse,
  OutgoingBody,
  OutgoingRequest,
  OutgoingResponse,
  RequestOptions,
  ResponseOutparam,
  httpErrorCode: (error: IoError): HttpErrorCode | undefined => error.codes.http,
}

/** `wasi:http/types`. A guest constructs messages itself, and they must know its invocation. */
export function httpTypes(context: Pick<WasiContext, 'life'>): object {
  return {
    ...shared,
    '[constructor]outgoing-request': (headers: Fields) => new OutgoingRequest(headers, context.life),
    '[constructor]outgoing-response': (headers: Fields) => new OutgoingResponse(headers, context.life),
  }
}
