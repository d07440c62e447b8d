import { startSecretsBackend } from '../lattice/secrets-backend.ts'
import { createXkey, type Xkey, xkeyFromSeed } from '../lattice/xkey.ts'
import type { CommandInput } from './command.ts'
import type { OpenLattice } from './connect-lattice.ts'
import { keptSeed } from './kept-keys.ts'
import { flagOrVariable } from './variables.ts'

/** The topic that `weft up` and the `weft secrets` commands use unless they are told another: wasmCloud's. */
export const defaultSecretsTopic = 'wasmcloud.secrets'

/** Starts the NATS-KV secrets backend with the seeds of flags or environment, else with ones that are made and kept. */
export async function secretsBackendOn(
  input: CommandInput,
  open: Pick<OpenLattice, 'connection' | 'log'>,
): Promise<{ readonly topic: string; stop(): Promise<void> }> {
  const topic = flagOrVariable(input, 'secrets-topic') ?? defaultSecretsTopic
  const bucket = flagOrVariable(input, 'secrets-bucket')
  const backend = await startSecretsBackend({
    ...open,
    topic,
    name: secretsBackendName(input),
    transit: await keyOf(input, 'transit'),
    encryption: await keyOf(input, 'encryption'),
    ...(bucket !== undefined && { bucket }),
  })
  return { topic, stop: backend.stop }
}

/** The backend's name in references. */
export function secretsBackendName(input: CommandInput): string {
  return flagOrVariable(input, 'backend') ?? 'nats-kv'
}

async function keyOf(input: CommandInput, use: 'transit' | 'encryption'): Promise<Xkey> {
  const given = flagOrVariable(input, `${use}-seed`)
  if (given !== undefined) return xkeyFromSeed(given)
  return xkeyFromSeed(await keptSeed(`secrets-${use}.xkey`, input.terminal.env, () => createXkey().seed))
}
