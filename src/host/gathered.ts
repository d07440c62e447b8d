/** Changes that come within so many ms of each other are acted on together. */
const gatherMs = 10

/** A version of `act` that may be called often: it runs once, soon after the first call of a burst. */
export function gathered(act: () => void): { readonly call: () => void; stop(): void } {
  let timer: NodeJS.Timeout | undefined
  return {
    call() {
      timer ??= setTimeout(() => {
        timer = undefined
        act()
      }, gatherMs)
    },
    stop: () => clearTimeout(timer),
  }
}
