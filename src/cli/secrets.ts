import { readFile } from 'node:fs/promises'
import { text as readAll } from 'node:stream/consumers'
import { isProviderArchive, openProviderArchive } from '../artifact/archive.ts'
import { componentClaims, providerClaims } from '../claims/claims.ts'
import { isPublicKey } from '../claims/nkey.ts'
import { WeftError } from '../errors.ts'
import { builtinSubject } from '../host/host-tokens.ts'
import { createControlClient } from '../lattice/control-client.ts'
import { createSecretsAdmin } from '../lattice/secrets-admin.ts'
import { type SecretValue, secretPrefix } from '../secret.ts'
import { type Command, type CommandInput, latticeFlags, outputFlag } from './command.ts'
import { withLattice } from './connect-lattice.ts'
import { printJson, printTable, wantsJson } from './output.ts'
import { pickDeed } from './pick-deed.ts'
import { refuseExtra } from './refuse-extra.ts'
import { defaultSecretsTopic, secretsBackendName, secretsBackendOn } from './secrets-backend.ts'
import { untilStopped } from './until-stopped.ts'
import { flagOrVariable } from './variables.ts'

type Deed = (input: CommandInput) => Promise<number>

const deeds: Readonly<Record<string, Deed>> = { put, list, grant, revoke, refer, serve }
const builtinScheme = 'wasmcloud+builtin://'

export const command: Command = {
  name: 'secrets',
  summary: 'Keep secrets in NATS, sealed, and say who may read them',
  usage: [
    'weft secrets put KEY [--file FILE]',
    'weft secrets list',
    'weft secrets grant WHO KEY…',
    'weft secrets revoke WHO KEY…',
    'weft secrets refer NAME [--key KEY]',
    'weft secrets serve',
  ],
  examples: [
    {
      run: 'weft secrets put db-password < password.txt',
      does: 'store a value, read from the standard input',
    },
    {
      run: 'weft secrets grant hello_s.wasm db-password',
      does: 'let a signed component read it (or M…, V…, wasmcloud+builtin://…)',
    },
    {
      run: 'weft secrets refer db-password',
      does: 'make the config SECRET_db-password, to start components with',
    },
    { run: 'weft secrets list', does: 'the names of what is stored and who may read it, never a value' },
    { run: 'weft secrets serve', does: 'run the backend where no `weft up` does' },
  ],
  flags: {
    ...latticeFlags,
    ...outputFlag,
    'secrets-topic': {
      type: 'string',
      value: 'SUBJECT',
      help: `base of the backend's subjects (env WEFT_SECRETS_TOPIC; default ${defaultSecretsTopic})`,
    },
    backend: {
      type: 'string',
      value: 'NAME',
      help: "the backend's name (env WEFT_BACKEND; default nats-kv)",
    },
    file: { type: 'string', value: 'FILE', help: 'put: the file with the value, bytes or text' },
    key: { type: 'string', value: 'KEY', help: 'refer: the key at the backend (default: the name)' },
    'transit-seed': {
      type: 'string',
      value: 'SEED',
      help: 'serve: curve seed that requests are sealed for (env WEFT_TRANSIT_SEED; default: made and kept)',
    },
    'encryption-seed': {
      type: 'string',
      value: 'SEED',
      help: 'serve: curve seed that seals the bucket (env WEFT_ENCRYPTION_SEED; default: made and kept)',
    },
    'secrets-bucket': {
      type: 'string',
      value: 'NAME',
      help: 'serve: the bucket (env WEFT_SECRETS_BUCKET; default WASMCLOUD_SECRETS)',
    },
  },
  async run(input) {
    wantsJson(input)
    return pickDeed('secrets', deeds, input.args[0])(input)
  },
}

async function put(input: CommandInput): Promise<number> {
  const key = required(input.args[1], 'weft secrets put: expected the key of the secret')
  if (input.args.length > 2)
    throw new WeftError(
      'invalid',
      'weft secrets put: give the value in a file or on the standard input, not in sight of all',
    )
  const value = await valueFrom(input.flags['file'] as string | undefined)
  const version = await withAdmin(input, (admin) => admin.put(key, value))
  say(input, { key, version }, `${key} is stored, version ${version}`)
  return 0
}

async function list(input: CommandInput): Promise<number> {
  refuseExtra(input, 'weft secrets list', 1)
  const secrets = await withAdmin(input, (admin) => admin.list())
  if (wantsJson(input)) printJson(input, secrets)
  else if (secrets.length === 0) input.terminal.out('no secrets\n')
  else
    printTable(
      input,
      ['SECRET', 'READERS'],
      secrets.map(({ key, readers }) => [key, readers.length === 0 ? '(nobody)' : readers.join(', ')]),
    )
  return 0
}

async function grant(input: CommandInput): Promise<number> {
  const { subject, keys } = await granted(input)
  await withAdmin(input, (admin) => admin.grant(subject, keys))
  say(input, { subject, keys }, `${subject} may read ${keys.join(', ')}`)
  return 0
}

async function revoke(input: CommandInput): Promise<number> {
  const { subject, keys } = await granted(input)
  await withAdmin(input, (admin) => admin.revoke(subject, keys))
  say(
    input,
    { subject, keys },
    `${subject} may no longer read ${keys.join(', ')}; what runs keeps it until it starts again`,
  )
  return 0
}

async function refer(input: CommandInput): Promise<number> {
  const name = required(input.args[1], 'weft secrets refer: expected a name for the secret')
  const config = `${secretPrefix}_${name}`
  const reference = {
    name,
    type: 'secret.wasmcloud.dev/v1alpha1',
    backend: secretsBackendName(input),
    key: (input.flags['key'] as string | undefined) ?? name,
    policy: JSON.stringify({ type: 'properties.secret.wasmcloud.dev/v1alpha1', properties: {} }),
  }
  await withLattice(input, (open) => createControlClient(open).putConfig(config, reference))
  say(input, { config, reference }, `config ${config} refers to ${reference.key} at ${reference.backend}`)
  return 0
}

async function serve(input: CommandInput): Promise<number> {
  const stopped = untilStopped(input.terminal.signal)
  return withLattice(input, async (open) => {
    const backend = await secretsBackendOn(input, open)
    input.terminal.out(`secrets backend ${secretsBackendName(input)} answers on ${backend.topic}\n`)
    await stopped.wait()
    await backend.stop()
    return 0
  })
}

function withAdmin<T>(
  input: CommandInput,
  deed: (admin: ReturnType<typeof createSecretsAdmin>) => Promise<T>,
): Promise<T> {
  const topic = flagOrVariable(input, 'secrets-topic') ?? defaultSecretsTopic
  return withLattice(input, ({ connection }) =>
    deed(createSecretsAdmin({ connection, topic, backend: secretsBackendName(input) })),
  )
}

async function granted({
  args,
}: CommandInput): Promise<{ readonly subject: string; readonly keys: readonly string[] }> {
  const [verb, who, ...keys] = args
  const subject = await subjectFrom(
    required(who, `weft secrets ${verb}: expected a public key or a signed component`),
  )
  required(keys[0], `weft secrets ${verb}: expected the keys of secrets`)
  return { subject, keys }
}

/** A public key, the subject of a signed component or provider archive, or the key that stands for a provider of Weft's own. */
async function subjectFrom(who: string): Promise<string> {
  if (isPublicKey('component', who) || isPublicKey('provider', who)) return who
  if (who.startsWith(builtinScheme)) return builtinSubject(who.slice(builtinScheme.length))
  const bytes = await readFile(who).catch((cause: unknown) => {
    throw new WeftError('invalid', `${who} is neither a public key (M…, V…) nor a file`, { cause })
  })
  const claims = isProviderArchive(bytes)
    ? await providerClaims(await openProviderArchive(bytes, who), who)
    : await componentClaims(bytes, who)
  if (claims) return claims.subject
  throw new WeftError('invalid', `${who} is not signed: sign it with \`weft sign ${who}\``)
}

/** One line break at the end of a text is the shell's, not the secret's. */
async function valueFrom(file: string | undefined): Promise<SecretValue> {
  if (file === undefined) return { tag: 'string', val: (await readAll(process.stdin)).replace(/\r?\n$/, '') }
  const bytes = await readFile(file).catch((cause: unknown) => {
    throw new WeftError('invalid', `cannot read ${file}`, { cause })
  })
  try {
    return {
      tag: 'string',
      val: new TextDecoder('utf-8', { fatal: true }).decode(bytes).replace(/\r?\n$/, ''),
    }
  } catch {
    return { tag: 'bytes', val: bytes }
  }
}

function required(text: string | undefined, message: string): string {
  if (text === undefined || text === '') throw new WeftError('invalid', message)
  return text
}

function say(input: CommandInput, data: object, line: string): void {
  if (wantsJson(input)) printJson(input, data)
  else input.terminal.out(`${line}\n`)
}
