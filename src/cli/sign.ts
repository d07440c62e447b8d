import { readFile, writeFile } from 'node:fs/promises'
import { basename } from 'node:path'
import { type SigningKey, signingKeyFromSeed } from '../claims/nkey.ts'
import { signComponent } from '../claims/sign-component.ts'
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
  summary: 'Sign a component, so that hosts can tell whose it is',
  usage: [`${usage} [--to FILE] [flags]`],
  examples: [
    { run: 'weft sign hello.wasm', does: 'write hello_s.wasm, with keys that are kept for the next time' },
    {
      run: 'weft sign hello.wasm --issuer-seed SA… --expires-in-days 90',
      does: 'with a given account, for 90 days',
    },
  ],
  flags: {
    to: { type: 'string', value: 'FILE', help: 'where to write it (default: FILE_s.wasm)' },
    name: { type: 'string', value: 'TEXT', help: 'name in the claims (default: name of the file)' },
    ver: { type: 'string', value: 'VERSION', help: 'version in the claims' },
    rev: { type: 'string', value: 'N', help: 'revision in the claims (default 0)' },
    tag: { type: 'string', multiple: true, value: 'TEXT', help: 'tag in the claims (repeat for more)' },
    'expires-in-days': { type: 'string', value: 'DAYS', help: 'when the claims end (default: never)' },
    'issuer-seed': {
      type: 'string',
      value: 'SEED',
      help: "the account's seed (SA…) (env WEFT_ISSUER_SEED; default: one that is made and kept)",
    },
    'subject-seed': {
      type: 'string',
      value: 'SEED',
      help: "the component's seed (SM…) (env WEFT_SUBJECT_SEED; default: one for its name, made and kept)",
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
    checkComponentBytes(bytes, file)
    const name = (flags['name'] as string | undefined) ?? basename(file).replace(/\.wasm$/, '')
    const issuer = await keyOf(input, 'account', 'issuer')
    const subject = await keyOf(input, 'component', name)
    const signed = await signComponent(
      bytes,
      {
        issuer,
        subject: subject.publicKey,
        name,
        version: flags['ver'] as string | undefined,
        revision: flags['rev'] === undefined ? undefined : countFrom('--rev', flags['rev'], 2 ** 31 - 1),
        tags: flags['tag'] as readonly string[] | undefined,
        expires: expiryFrom(flags['expires-in-days']),
      },
      file,
    )
    const to = (flags['to'] as string | undefined) ?? file.replace(/(\.wasm)?$/, '_s.wasm')
    await writeFile(to, signed)
    if (isJson) printJson(input, { file: to, subject: subject.publicKey, issuer: issuer.publicKey, name })
    else input.terminal.out(`${to}\nsubject  ${subject.publicKey}\nissuer   ${issuer.publicKey}\n`)
    return 0
  },
}

function keyOf(
  input: CommandInput,
  kind: 'account' | 'component',
  name: string,
): Promise<SigningKey> | SigningKey {
  const seed = flagOrVariable(input, kind === 'account' ? 'issuer-seed' : 'subject-seed')
  return seed === undefined ? keptKey(kind, name, input.terminal.env) : signingKeyFromSeed(kind, seed)
}

function expiryFrom(days: unknown): number | undefined {
  if (days === undefined) return undefined
  return Math.floor(Date.now() / 1000) + countFrom('--expires-in-days', days, 100_000) * secondsPerDay
}
