import type { PolicySubjects } from '../lattice/policy.ts'
import type { CommandInput, Flags } from './command.ts'
import { countFrom } from './output.ts'
import { defaultSecretsTopic } from './secrets-backend.ts'
import { flagOrVariable, isOn } from './variables.ts'

/** The services that a host asks before and while it runs things. */
export const securityFlags = {
  'policy-topic': {
    type: 'string',
    value: 'SUBJECT',
    help: 'ask the policy service there before anything starts or is called (env WEFT_POLICY_TOPIC)',
  },
  'policy-changes-topic': {
    type: 'string',
    value: 'SUBJECT',
    help: 'where the policy service changes its mind (env WEFT_POLICY_CHANGES_TOPIC)',
  },
  'policy-timeout-ms': {
    type: 'string',
    value: 'MS',
    help: 'how long it may take; none in time is a no (env WEFT_POLICY_TIMEOUT_MS; default 1000)',
  },
  'secrets-topic': {
    type: 'string',
    value: 'SUBJECT',
    help: `base of the subjects of secrets backends (env WEFT_SECRETS_TOPIC; default ${defaultSecretsTopic})`,
  },
  'config-service-enabled': {
    type: 'boolean',
    help: "ask the lattice's config service for registry logins (env WEFT_CONFIG_SERVICE_ENABLED=true)",
  },
} as const satisfies Flags

const longestMs = 60_000

/** What flags and environment say of those services. */
export function securityFrom(input: CommandInput): {
  readonly policy: PolicySubjects | undefined
  readonly configService: boolean
  readonly secretsTopic: string
} {
  const topic = flagOrVariable(input, 'policy-topic')
  const timeout = flagOrVariable(input, 'policy-timeout-ms')
  return {
    policy:
      topic === undefined
        ? undefined
        : {
            topic,
            changesTopic: flagOrVariable(input, 'policy-changes-topic'),
            timeoutMs:
              timeout === undefined ? undefined : countFrom('--policy-timeout-ms', timeout, longestMs),
          },
    secretsTopic: flagOrVariable(input, 'secrets-topic') ?? defaultSecretsTopic,
    configService: isOn(input, 'config-service-enabled'),
  }
}
