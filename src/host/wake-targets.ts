import { requestWake, type WakeAnswer } from '../lattice/wake.ts'

/**
 * Asks the controller, for the data threads, about components and providers that nobody serves. Threads that ask for the
 * same one at the same time share the question.
 */
export function wakeTargets(options: {
  readonly connection: Parameters<typeof requestWake>[0]['connection']
  readonly lattice: string
  /** Tells every thread. */
  readonly onAnswer: (target: string, answer: WakeAnswer) => void
}): (target: string) => void {
  const { connection, lattice, onAnswer } = options
  const asking = new Set<string>()
  return (target) => {
    if (asking.has(target)) return
    asking.add(target)
    requestWake({ connection, lattice, target })
      .catch((): WakeAnswer => ({ state: 'stopped' }))
      .then((answer) => {
        asking.delete(target)
        onAnswer(target, answer)
      })
  }
}
