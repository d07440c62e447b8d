import { type Env, otlpTarget, type Signal, withoutSecrets } from './otlp-target.ts'
import { defaultSampler } from './sampler.ts'

/**
 * One line per signal that says where it goes, for people who start a host. `publishesSpans` is false when the host was
 * told not to publish its spans in the lattice.
 */
export function describeSignals(env: Env, options: { readonly publishesSpans?: boolean } = {}): string[] {
  const published = options.publishesSpans ?? true
  return [
    `traces → ${published ? tracesAndLattice(env) : destination(env, 'traces')}${sampling(env)}`,
    `metrics → ${destination(env, 'metrics')}`,
    `logs → ${destination(env, 'logs')}`,
  ]
}

function tracesAndLattice(env: Env): string {
  const target = otlpTarget(env, 'traces')
  if (target.state === 'off') return `weft traces; OTLP off (${target.reason})`
  return `${destination(env, 'traces')} and weft traces`
}

function destination(env: Env, signal: Signal): string {
  const target = otlpTarget(env, signal)
  if (target.state === 'off') return `off (${target.reason})`
  return `${withoutSecrets(target.url)} (${target.protocol})`
}

function sampling(env: Env): string {
  const sampler = env['OTEL_TRACES_SAMPLER']?.trim() || defaultSampler
  if (sampler === defaultSampler) return ''
  const argument = env['OTEL_TRACES_SAMPLER_ARG']?.trim()
  return `, sampler ${sampler}${argument ? ` ${argument}` : ''}`
}
