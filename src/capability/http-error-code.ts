import type { HttpErrorCode } from './http.ts'

const codes: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection-refused',
  ECONNRESET: 'connection-terminated',
  EPIPE: 'connection-terminated',
  ETIMEDOUT: 'connection-timeout',
  EHOSTUNREACH: 'destination-unavailable',
  ENETUNREACH: 'destination-unavailable',
  ABORT_ERR: 'connection-terminated',
  ERR_INVALID_CHAR: 'HTTP-protocol-error',
  ERR_INVALID_HTTP_TOKEN: 'HTTP-protocol-error',
}

/** What went wrong with a request, as `error-code` of `wasi:http` has it. */
export function errorCodeOf(thrown: unknown): HttpErrorCode {
  const error = thrown instanceof Error ? thrown : new Error(String(thrown))
  const { code, wasiCode } = error as { readonly code?: unknown; readonly wasiCode?: unknown }
  if (typeof wasiCode === 'string') return { tag: wasiCode }
  const name = typeof code === 'string' ? code : ''
  if (name === 'ENOTFOUND' || name === 'EAI_AGAIN')
    return { tag: 'DNS-error', val: { rcode: name, infoCode: undefined } }
  const tag = codes[name]
  if (tag !== undefined) return { tag }
  if (name.startsWith('HPE_')) return { tag: 'HTTP-protocol-error' }
  if (/CERT|SELF_SIGNED|UNABLE_TO_VERIFY/.test(name)) return { tag: 'TLS-certificate-error' }
  if (name.startsWith('ERR_SSL') || name === 'EPROTO') return { tag: 'TLS-protocol-error' }
  return { tag: 'internal-error', val: error.message }
}
