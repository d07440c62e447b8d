/** The record `request-options` of `wrpc:http/types`: durations in nanoseconds, absent where the guest sets none. */
export interface HttpRequestOptions {
  readonly connectTimeout?: bigint
  readonly firstByteTimeout?: bigint
  readonly betweenBytesTimeout?: bigint
}

/** `wasi:http/types` resource `request-options`: kept for whoever sends the request, not acted upon here. */
export class RequestOptions {
  #options: HttpRequestOptions = {}

  /** For the host: what the guest has set. */
  static sent(options: RequestOptions): HttpRequestOptions {
    return options.#options
  }

  connectTimeout(): bigint | undefined {
    return this.#options.connectTimeout
  }

  setConnectTimeout(duration: bigint | undefined): void {
    this.#set('connectTimeout', duration)
  }

  firstByteTimeout(): bigint | undefined {
    return this.#options.firstByteTimeout
  }

  setFirstByteTimeout(duration: bigint | undefined): void {
    this.#set('firstByteTimeout', duration)
  }

  betweenBytesTimeout(): bigint | undefined {
    return this.#options.betweenBytesTimeout
  }

  setBetweenBytesTimeout(duration: bigint | undefined): void {
    this.#set('betweenBytesTimeout', duration)
  }

  #set(name: keyof HttpRequestOptions, duration: bigint | undefined): void {
    const { [name]: _, ...others } = this.#options
    this.#options = duration === undefined ? others : { ...others, [name]: duration }
  }
}
