import { WeftError } from '../errors.ts'
import type { Policy, PolicyCall } from '../lattice/policy.ts'
import type { InvocationDecision } from './check-invocations.ts'
import type { HostedComponent, Workload } from './workload.ts'

/** Asks the policy service for a data thread. No answer is a no that holds for the waiting calls only. */
export async function decideInvocation(
  call: PolicyCall,
  { policy, workload }: { readonly policy: Policy; readonly workload: Workload },
): Promise<InvocationDecision> {
  const component = workload.components.get(call.component)
  try {
    if (!component) throw new WeftError('not_found', 'it does not run here any more')
    const decision = await policy.performInvocation(call, policyTarget(component))
    return { ...decision, call, isFinal: true }
  } catch (error) {
    return { permitted: false, message: WeftError.from(error).message, call, isFinal: false }
  }
}

function policyTarget({ id, ref, maxInstances, annotations, claims }: HostedComponent) {
  return { id, ref, maxInstances, annotations, claims }
}
