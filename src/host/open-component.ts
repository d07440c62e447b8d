import type { Artifacts } from '../artifact/artifacts.ts'
import { type Claims, componentClaims } from '../claims/claims.ts'
import { WeftError } from '../errors.ts'
import type { CompileQueue, ReadyComponent } from '../guest/compile-queue.ts'
import { checkComponentBytes } from '../guest/component-file.ts'
import type { Measure } from '../measure.ts'
import type { TraceHeaders, TraceWork } from '../trace-work.ts'

/** A component that was fetched, checked and compiled. */
export interface OpenedComponent {
  readonly compiled: ReadyComponent
  /** Undefined for an unsigned one. */
  readonly claims: Claims | undefined
}

export interface OpenComponentParts {
  readonly artifacts: Artifacts
  readonly compiler: CompileQueue
  readonly requireSigned: boolean
  readonly measure: Measure
  readonly traceWork: TraceWork
  /** What fetching and compiling are traced under. */
  readonly trace: TraceHeaders | undefined
  /** Throws when it may not run; asked before anything is compiled. */
  readonly permit: (claims: Claims | undefined) => Promise<void>
}

/**
 * Fetches a component, checks its claims and compiles it. Claims that do not hold are `denied`, and so are unsigned
 * components where `requireSigned` is set.
 */
export async function openComponent(
  { id, ref }: { readonly id: string; readonly ref: string },
  { artifacts, compiler, measure, requireSigned, permit, traceWork, trace: parent }: OpenComponentParts,
): Promise<OpenedComponent> {
  const { bytes } = await traceWork({ name: 'fetch artifact', kind: 'internal', parent }, () =>
    artifacts.fetch(ref, 'component'),
  )
  checkComponentBytes(bytes, ref)
  const claims = await componentClaims(bytes, ref)
  requireClaims(claims, ref, requireSigned)
  await permit(claims)
  const start = performance.now()
  const { source, ...compiled } = await traceWork({ name: 'compile', kind: 'internal', parent }, () =>
    compiler.compile(bytes, ref),
  )
  measure.observe('componentLoad', (performance.now() - start) / 1000, { component: id, source })
  return { compiled, claims }
}

/** Refuses what is unsigned on a host that wants claims. */
export function requireClaims(claims: Claims | undefined, ref: string, requireSigned: boolean): void {
  if (!requireSigned || claims) return
  throw new WeftError(
    'denied',
    `${ref} is not signed, and this host runs signed components only: sign it with \`weft sign\``,
  )
}
