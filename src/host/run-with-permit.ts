import type { Call } from '../call/call.ts'
import type { GuestComponent } from '../guest/component.ts'
import type { ComponentServices } from '../guest/invocation.ts'
import type { Permits } from '../guest/permits.ts'

/** A component that runs here. */
export interface RunsHere {
  readonly permits: Permits
  /** Another one as soon as the component has new code. */
  readonly guest: Pick<GuestComponent, 'run'>
  readonly services: ComponentServices
}

/**
 * Runs a call that has its permit, once `pause` is over, on the code that the component has by then; the permit comes free
 * when the call is over.
 */
export function runWithPermit(
  component: RunsHere,
  call: Call,
  pause: Promise<void> | undefined,
): Promise<unknown> {
  const { permits } = component
  const { course } = call
  const release = () => permits.release()
  const ended = () => course.afterHeld(release)
  permits.countCall()
  course.willTell()
  const run = () => component.guest.run(call, component.services)
  const running = pause ? pause.then(run) : run()
  running.then(
    (answer) => {
      course.answered(answer)
      ended()
    },
    (thrown: unknown) => {
      course.failed(thrown)
      ended()
    },
  )
  return running
}
