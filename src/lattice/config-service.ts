import type { NatsConnection } from 'nats'
import { WeftError } from '../errors.ts'
import type { Log } from '../log.ts'
import { anything, mapOf, or, parseJson, record } from './shape.ts'
import { oneToken } from './subjects.ts'

const timeoutMs = 2_000
const answerShape = record({ registryCredentials: or(mapOf(anything), {}) })

/**
 * Asks the lattice's config service, by the host's labels, for the registry logins of a host that starts. Nobody there,
 * or an answer that cannot be read, is a log line and no logins: a host starts without them too.
 */
export async function requestRegistryCredentials(options: {
  readonly connection: NatsConnection
  readonly lattice: string
  readonly labels: Readonly<Record<string, string>>
  readonly log: Log
}): Promise<Readonly<Record<string, unknown>>> {
  const { connection, lattice, labels, log } = options
  const subject = `wasmbus.cfg.${oneToken('lattice', lattice)}.req`
  try {
    const reply = await connection.request(subject, JSON.stringify({ labels }), { timeout: timeoutMs })
    return parseJson(reply.data, answerShape).registryCredentials
  } catch (error) {
    log.warn('the config service gave no configuration', { subject, error: WeftError.from(error).message })
    return {}
  }
}
