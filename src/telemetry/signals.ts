import { type Env, isSdkDisabled, otlpTarget, type Signal, signals, withoutSecrets } from './otlp-target.ts'
import { defaultSampler } from './sampler.ts'
import { telemetryEnv } from './telemetry-env.ts'
import { variablesWithoutEffect } from './variables.ts'

/** Where in the lattice a signal is kept besides. */
const inLattice: Readonly<Record<Signal, string | undefined>> = {
  traces: 'weft traces',
  metrics: undefined,
  logs: 'weft logs',
}

/**
 * One line per signal that says where it goes, for people who start a host; more where applications' goes elsewhere, or
 * where standard variables are set that change nothing.
 */
export function describeSignals(env: Env): string[] {
  const applications = telemetryEnv(env, {})
  const idle = variablesWithoutEffect(env)
  return [
    ...signals.flatMap((signal) => {
      const platform = destination(env, signal)
      const own = destination(applications, signal)
      const lines = [`${signal} → ${platform}${signal === 'traces' ? sampling(env) : ''}`]
      return own === platform ? lines : [...lines, `${signal} of applications → ${own}`]
    }),
    ...(idle.length === 0 ? [] : [`without effect → ${idle.join(', ')}`]),
  ]
}

function destination(env: Env, signal: Signal): string {
  const target = otlpTarget(env, signal)
  const kept = signal === 'traces' && isSdkDisabled(env) ? undefined : inLattice[signal]
  if (target.state === 'on') {
    return `${withoutSecrets(target.url)} (${target.protocol})${kept ? ` and ${kept}` : ''}`
  }
  return kept ? `${kept}; OTLP off (${target.reason})` : `off (${target.reason})`
}

function sampling(env: Env): string {
  const sampler = env['OTEL_TRACES_SAMPLER']?.trim() || defaultSampler
  if (sampler === defaultSampler) return ''
  const argument = env['OTEL_TRACES_SAMPLER_ARG']?.trim()
  return `, sampler ${sampler}${argument ? ` ${argument}` : ''}`
}
