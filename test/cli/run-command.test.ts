import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { commands } from '../../src/cli/commands.ts'
import { runCommand } from '../../src/cli/run-command.ts'
import { fakeTerminal } from '../support/terminal.ts'

async function run(...argv: string[]): Promise<{ code: number; out: string; err: string }> {
  const terminal = fakeTerminal({ WEFT_STATE_DIR: '/nowhere' })
  return { code: await runCommand(argv, terminal), out: terminal.outText(), err: terminal.errText() }
}

test('without arguments the commands are listed', async () => {
  const { code, out } = await run()
  assert.equal(code, 0)
  for (const name of Object.keys(commands)) assert.match(out, new RegExp(`^  ${name} `, 'm'))
})

test('the version is one line', async () =>
  assert.match((await run('--version')).out, /^weft \d+\.\d+\.\d+\n$/))

const wrong: readonly (readonly [readonly string[], RegExp])[] = [
  [['gte'], /there is no command gte: did you mean `weft get`\?/],
  [['constructor'], /there is no command constructor/],
  [['get', 'host'], /weft get: expected hosts, .* got "host"; did you mean hosts\?/],
  [['get', 'hosts', '--ouput', 'json'], /Unknown option '--ouput'.* Did you mean --output\?/],
  [['get', 'hosts', '--output', 'xml'], /--output: expected text or json, got "xml"/],
  [['scale', 'greeter', 'many'], /COUNT: expected a whole number/],
  [['scale'], /expected COMPONENT COUNT/],
  [['app', 'deplyo', 'x'], /weft app: expected .* did you mean deploy\?/],
  [['app', 'deploy'], /weft app deploy: expected a manifest file/],
  [['app', 'deploy', 'nowhere.yaml'], /nowhere\.yaml: there is no such file/],
  [['app', 'validate', 'x.yaml', '--timeout', 'soon'], /x\.yaml: there is no such file/],
  [['up', '--port', 'http'], /--port: expected a port from 0 to 65535, got "http"/],
  [['host', '--label', 'eu'], /--label: expected KEY=VALUE such as zone=eu, got "eu"/],
  [['host', '--threads', '0'], /--threads: expected a number from 1 to 256, got "0"/],
  [['host', '--log-level', 'loud'], /--log-level: expected trace, .* got "loud"/],
  [['traces', 'xyz', '--limit', '-1'], /--limit|Option/],
]
for (const [argv, message] of wrong) {
  test(`weft ${argv.join(' ')} is refused in one line with exit code 2`, async () => {
    const { code, err } = await run(...argv)
    assert.equal(code, 2)
    assert.match(err, message)
    assert.equal(err.trimEnd().split('\n').length, 1)
  })
}

describe('help', () => {
  for (const name of Object.keys(commands)) {
    test(`weft ${name} --help shows its usage, every flag and every example`, async () => {
      const command = (await commands[name]?.())?.command
      const { code, out } = await run(name, '--help')
      assert.equal(code, 0)
      for (const flag of Object.keys(command?.flags ?? {})) assert.ok(out.includes(`--${flag}`), flag)
      for (const example of command?.examples ?? []) assert.ok(out.includes(example.run), example.run)
      assert.equal((await run('help', name)).out, out)
    })
  }
})

test('weft down with nothing running says so and is content', async () => {
  const { code, out } = await run('down')
  assert.equal(code, 0)
  assert.match(out, /nothing to stop/)
})
