import type { NatsConnection } from 'nats'

/** Knows whether NATS can be reached, and for how long it has been: news that did not come say nothing without it. */
export function watchConnectionGaps(connection: NatsConnection): {
  /** Milliseconds since the connection last came back, or since this watch began; 0 while it is away. */
  connectedFor(): number
  stop(): void
} {
  let away = false
  let backAt = performance.now()
  const status = connection.status()
  const follow = async () => {
    for await (const { type } of status) {
      if (type === 'disconnect') away = true
      if (type !== 'reconnect') continue
      away = false
      backAt = performance.now()
    }
  }
  void follow()
  return {
    connectedFor: () => (away ? 0 : performance.now() - backAt),
    stop() {
      if ('stop' in status && typeof status.stop === 'function') status.stop()
    },
  }
}
