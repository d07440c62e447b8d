import type { TraceContext } from '../call/trace-context.ts'
import { WeftError } from '../errors.ts'
import { type Env, otlpTarget } from './otlp-target.ts'

/**
 * Decides whether the spans of a call are recorded. `third` is what it may go by: the third 32-bit word of the trace's id, as
 * a signed number. `parent` is the span that the call came in with.
 */
export type Sampler = (third: number, parent: TraceContext | undefined) => boolean

export const defaultSampler = 'parentbased_always_on'

const samplers: Readonly<Record<string, (ratio: number) => Sampler>> = {
  always_on: () => () => true,
  always_off: () => () => false,
  traceidratio: within,
  parentbased_always_on: () => (_, parent) => parent?.sampled ?? true,
  parentbased_always_off: () => (_, parent) => parent?.sampled ?? false,
  parentbased_traceidratio: (ratio) => {
    const isWithin = within(ratio)
    return (third, parent) => parent?.sampled ?? isWithin(third)
  },
}

/** New traces a second and thread that are worth keeping when nobody but `weft traces` looks at them. */
const enoughTraces = 100

/**
 * The sampler of a thread. Where spans go nowhere but to `weft traces`, which keeps the latest, and nobody asked for a
 * sampler, a thread begins at most so many traces a second: under load nobody could look at more. Throws `invalid` for an
 * unknown sampler.
 */
export function samplerOfThread(env: Env): Sampler {
  const sampler = samplerFromEnv(env)
  const isAskedFor = (env['OTEL_TRACES_SAMPLER'] ?? '') !== ''
  return isAskedFor || otlpTarget(env, 'traces').state === 'on' ? sampler : atMost(enoughTraces, sampler)
}

/** As `sampler`, but for no more than `perSecond` traces that begin here. A trace that came in sampled goes on. */
function atMost(perSecond: number, sampler: Sampler): Sampler {
  let second = 0
  let begun = 0
  return (third, parent) => {
    if (!sampler(third, parent)) return false
    if (parent) return true
    const current = Math.floor(Date.now() / 1000)
    if (current !== second) begun = 0
    second = current
    begun += 1
    return begun <= perSecond
  }
}

/** The sampler that `OTEL_TRACES_SAMPLER` and `OTEL_TRACES_SAMPLER_ARG` ask for; throws `invalid` for an unknown one. */
export function samplerFromEnv(env: Env): Sampler {
  const name = (env['OTEL_TRACES_SAMPLER'] || defaultSampler).trim().toLowerCase()
  const make = Object.hasOwn(samplers, name) ? samplers[name] : undefined
  if (!make) {
    const known = Object.keys(samplers).join(', ')
    throw new WeftError('invalid', `OTEL_TRACES_SAMPLER is '${name}'; it must be one of: ${known}`)
  }
  return make(name.endsWith('traceidratio') ? ratioFromEnv(env) : 1)
}

function ratioFromEnv(env: Env): number {
  const text = env['OTEL_TRACES_SAMPLER_ARG']?.trim()
  if (!text) return 1
  const ratio = Number(text)
  if (ratio >= 0 && ratio <= 1) return ratio
  throw new WeftError('invalid', `OTEL_TRACES_SAMPLER_ARG is '${text}'; it must be a number from 0 to 1`)
}

// The last 8 bytes of the id against the ratio, as the Go and Rust SDKs do it, so that peers decide alike: of these the upper
// four, which decide for all but one trace in four thousand million.
function within(ratio: number): (third: number) => boolean {
  const limit = Math.ceil(ratio * 2 ** 32)
  return (third) => third >>> 0 < limit
}
