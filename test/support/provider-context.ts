import { createLog } from '../../src/log.ts'
import type { ProviderContext } from '../../src/provider.ts'

/** What a provider is started with where there is no host: calls that it makes fail unless `invoke` is given. */
export function providerContext(more: Partial<ProviderContext> = {}): ProviderContext {
  return {
    id: 'provider',
    hostId: 'N',
    lattice: 'test',
    natsUrl: '',
    isLeader: true,
    config: {},
    log: createLog(() => {}),
    invoke: () => Promise.reject(new Error('it calls nobody')),
    enter: (call, next) => next(call),
    ...more,
  }
}
