import { WeftError } from '../errors.ts'
import { type ProviderSecret, providerSecretShape } from './provider-secrets.ts'
import { type ResolvedLink, resolvedLinkShape } from './resolved-link.ts'
import { count, flag, listOf, mapOf, or, parseJson, record, type Shape, text } from './shape.ts'

/** Where a provider process sends its telemetry; the signals that are left out follow `enable_observability`. */
export interface ProviderOtel {
  readonly enable_observability: boolean
  readonly enable_traces?: boolean
  readonly enable_metrics?: boolean
  readonly enable_logs?: boolean
  readonly traces_endpoint?: string
  readonly metrics_endpoint?: string
  readonly logs_endpoint?: string
  readonly traces_sampler?: string
  readonly traces_sampler_arg?: string
  /** `Http` or `Grpc`. */
  readonly protocol: string
  readonly additional_ca_paths: readonly string[]
  readonly trace_level: string
}

/** What a host writes to a provider process's stdin, and all that such a process knows. */
export interface HostData {
  readonly host_id: string
  /** The lattice. */
  readonly lattice_rpc_prefix: string
  readonly link_name: string
  /** Empty when NATS asks for no user. */
  readonly lattice_rpc_user_jwt: string
  readonly lattice_rpc_user_seed: string
  readonly lattice_rpc_url: string
  /** The provider's id. */
  readonly provider_key: string
  /** Another one at each start of the process. */
  readonly instance_id: string
  readonly env_values: Readonly<Record<string, string>>
  readonly link_definitions: readonly ResolvedLink[]
  readonly cluster_issuers: readonly string[]
  readonly config: Readonly<Record<string, string>>
  readonly secrets: Readonly<Record<string, ProviderSecret>>
  /** Both empty from a host that seals nothing: links then come on the provider's id. */
  readonly host_xkey_public_key: string
  readonly provider_xkey_private_key: string
  readonly default_rpc_timeout_ms: number
  /** True asks for log lines as JSON: `{"level","fields":{"message"}}`. */
  readonly structured_logging: boolean
  readonly log_level: string
  readonly otel_config: ProviderOtel
}

const otelShape: Shape<ProviderOtel> = record(
  {
    enable_observability: or(flag, false),
    protocol: or(text, 'Http'),
    additional_ca_paths: or(listOf(text), []),
    trace_level: or(text, 'info'),
  },
  {
    enable_traces: flag,
    enable_metrics: flag,
    enable_logs: flag,
    traces_endpoint: text,
    metrics_endpoint: text,
    logs_endpoint: text,
    traces_sampler: text,
    traces_sampler_arg: text,
  },
)

const hostDataShape: Shape<HostData> = record({
  host_id: or(text, ''),
  lattice_rpc_prefix: or(text, 'default'),
  link_name: or(text, 'default'),
  lattice_rpc_user_jwt: or(text, ''),
  lattice_rpc_user_seed: or(text, ''),
  lattice_rpc_url: or(text, 'nats://127.0.0.1:4222'),
  provider_key: text,
  instance_id: or(text, ''),
  env_values: mapOf(text),
  link_definitions: listOf(resolvedLinkShape),
  cluster_issuers: or(listOf(text), []),
  config: or(mapOf(text), {}),
  secrets: or(mapOf(providerSecretShape), {}),
  host_xkey_public_key: or(text, ''),
  provider_xkey_private_key: or(text, ''),
  default_rpc_timeout_ms: or(count, 2_000),
  structured_logging: or(flag, false),
  log_level: or(text, 'info'),
  otel_config: (value, path) => otelShape(value ?? {}, path),
})

/** The line that a provider process reads: base64 of the JSON. */
export function formatHostData(data: HostData): string {
  return `${Buffer.from(JSON.stringify(data)).toString('base64')}\r\n`
}

/** Reads that line; `invalid` for anything else, without repeating it: it has secrets in it. */
export function parseHostData(line: string): HostData {
  try {
    return parseJson(Buffer.from(line.trim(), 'base64'), hostDataShape)
  } catch (cause) {
    const problem = WeftError.from(cause).message
    throw new WeftError(
      'invalid',
      `expected HostData on stdin, base64 of JSON as a host gives it: ${problem}. A provider is started by a host: weft start provider ID file:///path`,
      { cause },
    )
  }
}
