import type { NatsLogin } from '../../nats-login.ts'

/** Variables of the host that a provider process sees: how to find programs, and what time it is. */
const passedOn = ['PATH', 'TZ', 'RUST_LOG']

/** How a provider's file is started: a script by the Node that runs this host, anything else as a program of its own. */
export function commandOf(path: string, runner: string): readonly string[] {
  return /\.[cm]?[jt]s$/.test(path) ? [process.execPath, runner, path] : [path]
}

/** The environment of a provider process: next to nothing, as wasmCloud has it. TLS has no place in HostData. */
export function environmentOf(env: NodeJS.ProcessEnv, login: NatsLogin = {}): Record<string, string> {
  const given = passedOn.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]]]))
  return {
    ...Object.fromEntries(given),
    ...(login.tls === true && { WEFT_NATS_TLS: 'true' }),
    ...(login.tlsCa !== undefined && { WEFT_NATS_TLS_CA: login.tlsCa }),
    ...(login.tlsFirst === true && { WEFT_NATS_TLS_FIRST: 'true' }),
  }
}
