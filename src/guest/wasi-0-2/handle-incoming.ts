import type { HttpRequest, HttpResult } from '../../capability/http.ts'
import { WeftError } from '../../errors.ts'
import { GuestExit } from './guest-exit.ts'
import { IncomingRequest } from './incoming-message.ts'
import type { OutgoingContent } from './outgoing-body.ts'
import { OutgoingResponse } from './outgoing-message.ts'
import { abortError } from './readiness.ts'
import { type ResponseOrError, ResponseOutparam } from './response-outparam.ts'

/** The export `wasi:http/incoming-handler` of one instance. */
export interface IncomingHandler {
  /** Rejects when the invocation is given up, though the guest may never come back. */
  handle(request: IncomingRequest, responseOut: ResponseOutparam): Promise<void> | void
}

export interface IncomingExchange {
  /** Settles as soon as the guest sets its response, whose body streams on; rejects when it ends without one. */
  readonly response: Promise<HttpResult>
  /**
   * Settles when the export has returned and the body is over: read to its end, hung up or broken off. Rejects with what
   * came of that when the guest threw once its response was out. A response whose body nobody wants must be hung up by
   * its iterator's `return()`.
   */
  readonly done: Promise<void>
}

export interface HandleOptions {
  readonly signal: AbortSignal
  /** Tells what the guest threw once its response was out, and makes the error of it that its body ends with. */
  readonly failed: (thrown: unknown) => WeftError
}

/** Runs a guest's HTTP handler for one request. A trap before the response is given on as it was thrown, with its wasm stack. */
export function handleIncoming(
  handler: IncomingHandler,
  request: HttpRequest,
  { signal, failed }: HandleOptions,
): IncomingExchange {
  const exchange = new Exchange(failed)
  const done = exchange.run(handler, new IncomingRequest(request, signal), signal)
  // A caller may care for the response alone.
  done.catch(() => {})
  return { response: exchange.response, done }
}

class Exchange {
  readonly #answer = Promise.withResolvers<HttpResult>()
  readonly #failed: HandleOptions['failed']
  #answered = false
  #content: OutgoingContent | undefined

  constructor(failed: HandleOptions['failed']) {
    this.#failed = failed
  }

  get response(): Promise<HttpResult> {
    return this.#answer.promise
  }

  async run(handler: IncomingHandler, request: IncomingRequest, signal: AbortSignal): Promise<void> {
    // What was thrown after the response was out; before that, the response says it.
    let late: WeftError | undefined
    try {
      const outparam = new ResponseOutparam((answer) => this.#set(answer))
      await handler.handle(request, outparam)
      if (!this.#answered) throw new WeftError('trapped', 'the guest returned without setting a response')
      if (this.#content?.bytes.isOpen)
        this.#content.fail(new WeftError('trapped', 'the guest returned without finishing its body'))
    } catch (caught) {
      const thrown = signal.aborted ? abortError(signal) : caught
      if (!this.#answered) this.#answer.reject(thrown)
      else if (this.#content?.bytes.isOpen || !isSuccess(thrown)) late = this.#breakOff(thrown)
    } finally {
      IncomingRequest.hangUp(request)
    }
    await this.#content?.bytes.ended
    if (late) throw late
  }

  #set(answer: ResponseOrError): void {
    this.#answered = true
    if (answer.tag === 'err') {
      this.#answer.resolve(answer)
      return
    }
    const { response, content } = OutgoingResponse.sent(answer.val)
    this.#content = content
    this.#answer.resolve({ tag: 'ok', val: response })
  }

  #breakOff(thrown: unknown): WeftError {
    const failure = this.#failed(thrown)
    this.#content?.fail(failure)
    return failure
  }
}

/** A guest may end by `exit(0)` once it has said all. */
function isSuccess(thrown: unknown): boolean {
  return thrown instanceof GuestExit && thrown.code === 0
}
