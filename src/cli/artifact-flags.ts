import type { ArtifactRules } from '../artifact/artifacts.ts'
import { defaultRules } from '../artifact/artifacts.ts'
import type { Credentials } from '../artifact/credentials.ts'
import { WeftError } from '../errors.ts'
import type { CommandInput, Flags } from './command.ts'
import { countFrom } from './output.ts'
import { flagOrVariable, isOn } from './variables.ts'

/** The login for one registry. */
export const registryFlags = {
  'oci-registry': {
    type: 'string',
    value: 'HOST',
    help: 'registry that the login is for (env WEFT_OCI_REGISTRY)',
  },
  'oci-user': { type: 'string', value: 'NAME', help: 'user at that registry (env WEFT_OCI_USER)' },
  'oci-password': {
    type: 'string',
    value: 'TEXT',
    help: 'password or access token (env WEFT_OCI_PASSWORD; logins of `docker login` are known)',
  },
} as const satisfies Flags

/** Which artifacts a host takes. */
export const artifactFlags = {
  'allow-latest': { type: 'boolean', help: 'take images tagged latest (env WEFT_OCI_ALLOW_LATEST=true)' },
  'allowed-insecure': {
    type: 'string',
    multiple: true,
    value: 'HOST',
    help: 'registry that may be spoken to over plain HTTP (env WEFT_OCI_ALLOWED_INSECURE=a,b)',
  },
  'require-signed': {
    type: 'boolean',
    help: 'refuse components and providers without signed claims (env WEFT_REQUIRE_SIGNED=true)',
  },
  'no-file-load': { type: 'boolean', help: 'refuse file:// references (env WEFT_ALLOW_FILE_LOAD=false)' },
  'max-component-size-bytes': {
    type: 'string',
    value: 'BYTES',
    help: `largest component (default ${defaultRules.largestComponent})`,
  },
  ...registryFlags,
} as const satisfies Flags

/** The rules that flags and environment give. */
export function artifactRulesFrom(input: CommandInput): ArtifactRules {
  const { flags, terminal } = input
  const largest = flags['max-component-size-bytes']
  return {
    allowLatest: flags['allow-latest'] === true || isOn(input, 'oci-allow-latest'),
    allowedInsecure: insecureFrom(input),
    allowFiles: flags['no-file-load'] !== true && terminal.env['WEFT_ALLOW_FILE_LOAD'] !== 'false',
    largestComponent:
      largest === undefined
        ? defaultRules.largestComponent
        : countFrom('--max-component-size-bytes', largest, Number.MAX_SAFE_INTEGER),
    credentials: credentialsFromFlags(input),
  }
}

/** Registries over plain HTTP, each flag and the variable with one or several between commas. */
export function insecureFrom({ flags, terminal }: CommandInput): readonly string[] {
  const given = (flags['allowed-insecure'] ?? []) as readonly string[]
  const texts = given.length > 0 ? given : [terminal.env['WEFT_OCI_ALLOWED_INSECURE'] ?? '']
  return texts
    .flatMap((text) => text.split(','))
    .map((host) => host.trim())
    .filter((host) => host !== '')
}

/** The login that flags or environment give; `invalid` when a part of it is missing. */
export function credentialsFromFlags(input: CommandInput): Credentials {
  const registry = flagOrVariable(input, 'oci-registry')
  const username = flagOrVariable(input, 'oci-user')
  const password = flagOrVariable(input, 'oci-password')
  if (registry === undefined && username === undefined && password === undefined) return {}
  if (registry === undefined || username === undefined || password === undefined)
    throw new WeftError('invalid', 'a registry login takes --oci-registry, --oci-user and --oci-password')
  return { [registry]: { username, password } }
}
