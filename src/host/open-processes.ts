import type { connectNats } from '../lattice/connect.ts'
import { loginTexts } from '../lattice/login-options.ts'
import { controlProvider } from '../lattice/provider-control.ts'
import { createXkey } from '../lattice/xkey.ts'
import type { Log } from '../log.ts'
import type { NatsLogin } from '../nats-login.ts'
import type { ProcessSurroundings } from './process/provider-instance.ts'
import { ProviderProcesses, type ProviderProcessesOptions } from './provider-processes.ts'

export interface OpenProcessesOptions extends Omit<ProviderProcessesOptions, 'around'> {
  readonly hostId: string
  readonly lattice: string
  /** To the server that carries calls. */
  readonly connection: Awaited<ReturnType<typeof connectNats>>
  readonly natsUrl: string
  readonly natsLogin: NatsLogin | undefined
  readonly runner: string
  readonly env: NodeJS.ProcessEnv
  readonly telemetryOf: ProcessSurroundings['telemetryOf']
  readonly log: Log
}

/** What a host's provider processes share: one key that seals their secrets, one login, one environment. */
export async function openProcesses(options: OpenProcessesOptions): Promise<ProviderProcesses> {
  const { connection, lattice, hostId, natsLogin, log } = options
  const around = {
    ...options,
    xkey: createXkey(),
    natsUser: await loginTexts(natsLogin ?? {}),
    control: (id: string, instance: string) =>
      controlProvider({ connection, lattice, hostId, id, instance, log }),
  }
  return new ProviderProcesses({ ...options, around })
}
