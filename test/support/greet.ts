import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { NatsConnection } from 'nats'
import { CallCourse } from '../../src/call/course.ts'
import type { Link } from '../../src/lattice/link.ts'
import { createLog } from '../../src/log.ts'
import { openCalls } from '../../src/runner/calls.ts'
import { parseWitInterfaces } from '../../src/wit/parse.ts'
import { root } from './weft.ts'

const [greeter] = parseWitInterfaces(readFileSync(join(root, 'manifests/chain/wit/greetings.wit'), 'utf8'))

/** The link of the component `test` to the provider `greeter`, with the config `greeting`. */
export const greeterLink: Link = {
  source_id: 'test',
  target: 'greeter',
  name: 'default',
  wit_namespace: 'weft-example',
  wit_package: 'greetings',
  interfaces: ['greeter'],
  source_config: [],
  target_config: ['greeting'],
}

/** Calls `greet` of the greeter `target` as a component `source` (default `test`) would; gives back its text. */
export function greetOver(
  connection: NatsConnection,
  target: string,
  { source = 'test', lattice = 'default' } = {},
): (name: string, timeoutMs?: number) => Promise<string> {
  const { invoke } = openCalls({
    data: { lattice_rpc_prefix: lattice, provider_key: source, instance_id: '' },
    connection,
    around: { client: [], server: [] },
    log: createLog(() => {}),
  })
  const greet = greeter?.functions.find(({ name }) => name === 'greet')
  if (!greeter || !greet) throw new Error('expected an interface with greet')
  return async (name, timeoutMs = 20_000) => {
    const result = await invoke({
      source,
      target,
      operation: { interface: greeter.id, function: greet },
      args: [name],
      context: {
        trace: undefined,
        baggage: '',
        deadline: Date.now() + timeoutMs,
        linkName: 'default',
      },
      signal: AbortSignal.timeout(timeoutMs),
      course: new CallCourse(),
    })
    return (result as { readonly val: string }).val
  }
}
