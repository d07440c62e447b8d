/**
 * How a connection to NATS shows who it is and whom it trusts. All of it is optional: the URL may carry a user and
 * password, or a token, and a server may ask for nothing.
 */
export interface NatsLogin {
  /** Path of a `.creds` file: user JWT and seed together. */
  readonly creds?: string | undefined
  /** User JWT, or the path of a file with it; goes with `seed`. */
  readonly jwt?: string | undefined
  /** User nkey seed (`SU…`), or the path of a file with it. Without a JWT the server knows the nkey itself. */
  readonly seed?: string | undefined
  /** True refuses a server without TLS; `tls://` in the URL means the same. */
  readonly tls?: boolean | undefined
  /** Path of a PEM file with the authority that signed the server's certificate. */
  readonly tlsCa?: string | undefined
  /** True begins with the TLS handshake, for servers with `handshake_first`. */
  readonly tlsFirst?: boolean | undefined
}
