import assert from 'node:assert/strict'
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { promisify } from 'node:util'
import { freePort, root } from '../support/weft.ts'

const run = promisify(execFile)
const limitMs = 180_000

/** What each command of the README must print. Those that go on running are left so until the end. */
const commands: Readonly<Record<string, { readonly prints: RegExp; readonly goesOn?: true }>> = {
  "npx -y -p node@26 -c 'npm ci && npm start'": { prints: /weft is up[\s\S]*Ctrl-C/, goesOn: true },
  'curl http://127.0.0.1:8000': { prints: /^Hello from Weft: visit 1$/m },
  'npx weft traces last': {
    prints:
      /^GET .*hello-hello@.*\n└ http\/incoming-handler handle .*hello-hello@[\s\S]*keyvalue\/atomics increment/m,
  },
  'npx weft host --label zone=eu': { prints: /has joined lattice default/, goesOn: true },
  'npx weft host --label zone=us': { prints: /has joined lattice default/, goesOn: true },
  'npx weft get hosts': { prints: /zone=eu[\s\S]*zone=us|zone=us[\s\S]*zone=eu/ },
  'npx weft get inventory': { prints: /hello-hello[\s\S]*hello-keyvalue/ },
  'npx weft app validate manifests/chain/app.yaml': {
    prints: /application chain with 3 components is valid/,
  },
  'npx weft app schema > weft.schema.json': { prints: /^$/ },
  'npx weft app deploy manifests/chain/app.yaml': {
    prints: /chain \S+: deployed {2}http:\/\/127\.0\.0\.1:8001/,
  },
  "curl 'http://127.0.0.1:8001/?name=Ada'": { prints: /Ada/ },
  'npx weft app deploy manifests/phrasebook/app.yaml': {
    prints: /phrasebook \S+: deployed {2}http:\/\/127\.0\.0\.1:8003/,
  },
  "curl 'http://127.0.0.1:8003/?name=Ada'": { prints: /Bonjour, Ada!/ },
  'npx weft app list': { prints: /^chain .* deployed/m },
  'npx weft app status chain': { prints: /chain \S+: deployed/ },
  'npx weft app diff manifests/chain/app.yaml': { prints: /chain: a deploy would change nothing/ },
  'npx weft app history chain': { prints: /^\S+ +now\n\n[\s\S]* deploy /m },
  'npx weft scale greeter 5 --ref manifests/chain/greeter/greeter.wasm --all-hosts': {
    prints: /(.+: greeter at 5\n){3}/,
  },
  'npx weft scale greeter 20': { prints: /(.+: greeter at 20\n){3}/ },
  'npx weft get components': { prints: /^greeter .* 60 /m },
  'npx weft scale greeter 0': { prints: /(.+: greeter at 0\n){3}/ },
  'npx weft traces': { prints: /^TRACE[\s\S]*GET/m },
  'npx weft traces last --component chain-greeter': { prints: /chain-greeter@/ },
  'npx weft traces --errors -o json': { prints: /^\[/m },
  'npx weft logs --limit 20': { prints: /@/ },
  'npx weft doctor': { prints: /✓ nats +nats:/ },
  'npx weft app undeploy chain': { prints: /chain is undeployed/ },
  'npx weft app delete chain': { prints: /chain is deleted/ },
  'npx weft down': { prints: /lattice default at \S+ has stopped/ },
}

/** The one command that is not run here: it runs this test. `.ci/run` is that very line. */
const testCommand = "npx -y -p node@26 -c 'npm ci && npm test'"

describe('every command of the README works as typed in a fresh copy', () => {
  let folder: string
  let ports: readonly (readonly [string, string])[]
  const running: { readonly child: ChildProcess; readonly ended: Promise<unknown> }[] = []

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'weft-readme-'))
    const { stdout } = await run('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
      cwd: root,
    })
    for (const file of stdout.split('\0').filter((name) => name !== '')) {
      await cp(join(root, file), join(folder, file), { recursive: true })
    }
    ports = [
      ['8000', String(await freePort())],
      ['8001', String(await freePort())],
      ['8003', String(await freePort())],
    ]
    for (const app of ['hello', 'chain', 'phrasebook']) {
      const path = join(folder, 'manifests', app, 'app.yaml')
      await writeFile(path, withPorts(await readFile(path, 'utf8')))
    }
  })
  after(async () => {
    for (const { child } of running)
      if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, 'SIGTERM')
    await Promise.all(running.map(({ ended }) => ended))
    await rm(folder, { recursive: true, force: true })
  })

  const withPorts = (text: string) =>
    ports.reduce((all, [from, to]) => all.replaceAll(`:${from}`, `:${to}`), text)

  test('they run in order and print what they should', { timeout: 600_000 }, async () => {
    const readme = await readFile(join(root, 'README.md'), 'utf8')
    const typed = [...readme.matchAll(/^```sh\n([\s\S]*?)^```/gm)].flatMap((block) =>
      (block[1] ?? '').trim().split('\n'),
    )
    assert.ok((await readFile(join(root, '.ci', 'run'), 'utf8')).includes(testCommand))
    assert.deepEqual(new Set(typed), new Set([...Object.keys(commands), testCommand]))
    for (const line of typed) {
      if (line === testCommand) continue
      const { prints, goesOn } = commands[line] ?? { prints: /$^/ }
      await runLine(withPorts(line), new RegExp(withPorts(prints.source), prints.flags), goesOn === true)
    }
    await Promise.all(running.map(({ ended }) => ended))
  })

  /** Runs a line in a shell until it ends, or until its output matches when it goes on. */
  function runLine(line: string, prints: RegExp, goesOn: boolean): Promise<void> {
    const env = { ...ofTerminal(process.env), WEFT_STATE_DIR: join(folder, '.state'), NO_COLOR: '1' }
    const child = spawn('sh', ['-c', line], {
      cwd: folder,
      env,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let output = ''
    const ended = new Promise((resolve) => child.once('close', resolve))
    if (goesOn) running.push({ child, ended })
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => finish(`${limitMs} ms passed`), limitMs)
      const finish = (problem?: string) => {
        clearTimeout(timer)
        if (problem === undefined) resolve()
        else reject(new Error(`${line}: ${problem}; expected ${prints} in\n${output}`))
      }
      for (const stream of [child.stdout, child.stderr]) {
        stream.setEncoding('utf8').on('data', (text: string) => {
          // What npm thinks of the settings of whoever runs this.
          output += text.replaceAll(/^npm warn .*\n/gm, '')
          if (goesOn && prints.test(output)) finish()
        })
      }
      void ended.then((code) =>
        finish(code === 0 && prints.test(output) ? undefined : `ended with code ${code}`),
      )
    })
  }
})

/** The environment of somebody's terminal: npm tells the programs that it runs things that change what npx does. */
function ofTerminal(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(env).filter(([name]) => !/^(npm_|OTEL_|WEFT_|NATS_|NODE_TEST)/i.test(name)),
  )
}
