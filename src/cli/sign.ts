import { readFile, writeFile } from 'node:fs/promises'
import { basename } from 'node:path'
import { isProviderArchive, openProviderArchive, thisTarget } from '../artifact/archive.ts'
import { writeProviderArchive } from '../artifact/write-archive.ts'
import { type SigningKey, signingKeyFromSeed } from '../claims/nkey.ts'
import { signComponent } from '../claims/sign-component.ts'
import { signProvider } from '../claims/sign-provider.ts'
import { WeftError } from '../errors.ts'
import { checkComponentBytes } from '../guest/component-file.ts'
import { type Command, type CommandInput, outputFlag } from './command.ts'
import { keptKey } from './kept-keys.ts'
import { countFrom, printJson, wantsJson } from './output.ts'
import { refuseExtra } from './refuse-extra.ts'
import { flagOrVariable } from './variables.ts'

const usage = 'weft sign FILE'
const secondsPerDay = 86_400

export const command: Command = {
  name: 'sign',
  summary: 'Sign a component or provider, so that hosts can tell whose it is',
  usage: [`${usage} [--to FILE] [flags]`],
  examples: [
    { run: 'weft sign hello.wasm', does: 'write hello_s.wasm, with keys that are kept for the next time' },
    {
      run: 'weft sign hello.wasm --issuer-seed SA… --expires-in-days 90',
      does: 'with a given account, for 90 days',
    },
  ],
  flags: {
    to: {
      type: 'string',
      value: 'FILE',
      help: 'where to write it (default: FILE_s.wasm, for a provider FILE_s.par.gz)',
    },
    name: { type: 'string', value: 'TEXT', help: 'name in the claims (default: name of the file)' },
    ver: { type: 'string', value: 'VERSION', help: 'version in the claims' },
    rev: { type: 'string', value: 'N', help: 'revision in the claims (default 0)' },
    tag: { type: 'string', multiple: true, value: 'TEXT', help: 'tag in the claims (repeat for more)' },
    vendor: { type: 'string', value: 'TEXT', help: 'vendor in the claims of a provider' },
    'expires-in-days': { type: 'string', value: 'DAYS', help: 'when the claims end (default: never)' },
    'issuer-seed': {
      type: 'string',
      value: 'SEED',
      help: "the account's seed (SA…) (env WEFT_ISSUER_SEED; default: one that is made and kept)",
    },
    'subject-seed': {
      type: 'string',
      value: 'SEED',
      help: 'seed of the component (SM…) or provider (SV…) (env WEFT_SUBJECT_SEED; default: one for its name, made and kept)',
    },
    ...outputFlag,
  },
  async run(input) {
    const { flags, args } = input
    const [file] = args
    if (file === undefined) throw new WeftError('invalid', `expected a file: ${usage}`)
    refuseExtra(input, 'weft sign', 1)
    const isJson = wantsJson(input)
    const bytes = await readFile(file).catch((cause: unknown) => {
      throw new WeftError('invalid', `cannot read ${file}: ${WeftError.from(cause).message}`, { cause })
    })
    const isComponent = isWasm(bytes)
    const name = (flags['name'] as string | undefined) ?? basename(file).replace(/\.(wasm|par(\.gz)?)$/, '')
    const issuer = await keyOf(input, 'account', 'issuer')
    const subject = await keyOf(input, isComponent ? 'component' : 'provider', name)
    const options = {
      issuer,
      subject: subject.publicKey,
      name,
      version: flags['ver'] as string | undefined,
      revision: flags['rev'] === undefined ? undefined : countFrom('--rev', flags['rev'], 2 ** 31 - 1),
      tags: flags['tag'] as readonly string[] | undefined,
      vendor: (flags['vendor'] as string | undefined) ?? '',
      expires: expiryFrom(flags['expires-in-days']),
    }
    if (isComponent) checkComponentBytes(bytes, file)
    const signed = isComponent
      ? await signComponent(bytes, options, file)
      : await signedArchive(bytes, file, options)
    const end = isComponent ? '.wasm' : '.par.gz'
    const to = (flags['to'] as string | undefined) ?? `${file.replace(/\.(wasm|par(\.gz)?)$/, '')}_s${end}`
    await writeFile(to, signed)
    if (isJson) printJson(input, { file: to, subject: subject.publicKey, issuer: issuer.publicKey, name })
    else input.terminal.out(`${to}\nsubject  ${subject.publicKey}\nissuer   ${issuer.publicKey}\n`)
    return 0
  },
}

/** An archive with its claims made anew, or a program for this machine put into one. */
async function signedArchive(
  bytes: Uint8Array,
  file: string,
  options: Parameters<typeof signProvider>[1],
): Promise<Uint8Array> {
  const archive = isProviderArchive(bytes) ? await openProviderArchive(bytes, file) : undefined
  const executables = archive
    ? Object.fromEntries(archive.targets.map((target) => [target, archive.executable(target)]))
    : { [thisTarget()]: bytes }
  const jwt = await signProvider(executables, options)
  return writeProviderArchive({ jwt, world: archive?.world, executables })
}

function isWasm(bytes: Uint8Array): boolean {
  return Buffer.from(bytes.subarray(0, 4)).equals(Buffer.from('\0asm', 'latin1'))
}

function keyOf(
  input: CommandInput,
  kind: 'account' | 'component' | 'provider',
  name: string,
): Promise<SigningKey> | SigningKey {
  const seed = flagOrVariable(input, kind === 'account' ? 'issuer-seed' : 'subject-seed')
  return seed === undefined ? keptKey(kind, name, input.terminal.env) : signingKeyFromSeed(kind, seed)
}

function expiryFrom(days: unknown): number | undefined {
  if (days === undefined) return undefined
  return Math.floor(Date.now() / 1000) + countFrom('--expires-in-days', days, 100_000) * secondsPerDay
}
