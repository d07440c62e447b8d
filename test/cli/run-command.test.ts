import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { commands } from '../../src/cli/commands.ts'
import { openCli } from '../support/run-cli.ts'

let cli: Awaited<ReturnType<typeof openCli>>
before(async () => {
  cli = await openCli({ WEFT_NATS_URL: 'nats://127.0.0.1:1' })
})
after(() => cli.close())

test('an unknown command is refused with the nearest name and exit code 2', async () => {
  const { code, err } = await cli.run('scael')
  assert.equal(code, 2)
  assert.equal(err, 'weft: there is no command scael: did you mean `weft scale`?\n')
})

test('a command that is nothing like another one points at the list', async () => {
  for (const name of ['frobnicate', 'constructor', '__proto__']) {
    const { code, err } = await cli.run(name)
    assert.equal(code, 2)
    assert.equal(err, `weft: there is no command ${name}: \`weft help\` lists the commands\n`)
  }
})

test('an unknown flag is refused with the nearest one', async () => {
  const { code, err } = await cli.run('get', 'hosts', '--outptu', 'json')
  assert.equal(code, 2)
  assert.match(err, /--outptu.* Did you mean --output\? See `weft get --help`/)
})

test('an unknown subcommand is refused with the nearest one, one from the prototype too', async () => {
  const cases = [
    ['get', 'host', /expected hosts, inventory, .*got "host"; did you mean hosts\?/],
    ['get', 'constructor', /expected hosts, .*got "constructor"/],
    ['app', 'deplyo', /expected validate, .*deploy, .*did you mean deploy\?/],
    ['app', 'toString', /expected validate, .*deploy, .*got "toString"/],
  ] as const
  for (const [command, word, message] of cases) {
    const { code, err } = await cli.run(command, word)
    assert.equal(code, 2)
    assert.match(err, message)
  }
  assert.match((await cli.run('get')).err, /expected hosts, .*got nothing/)
})

test('an argument too many is refused, not passed over', async () => {
  const cases = [
    ['get', 'hosts', 'x'],
    ['get', 'inventory', 'a', 'x'],
    ['app', 'list', 'x'],
    ['app', 'status', 'a', 'x'],
    ['scale', 'a', '1', 'x'],
    ['traces', 'ab', 'x'],
  ]
  for (const args of cases) {
    const { code, err } = await cli.run(...args)
    assert.equal(code, 2, args.join(' '))
    assert.match(err, /"x" is one argument too many/)
  }
})

test('another output than text or json is refused naming both', async () => {
  for (const args of [['get', 'hosts'], ['app', 'list'], ['scale', 'a', '1'], ['traces']]) {
    const { code, err } = await cli.run(...args, '-o', 'yaml')
    assert.equal(code, 2)
    assert.equal(err, 'weft: --output: expected text or json, got "yaml"\n')
  }
})

test('flags that say different things are refused', async () => {
  const cases = [
    [['scale', 'a', '1', '--host', 'x', '--all-hosts'], /--host and --all-hosts/],
    [['app', 'deploy', 'x.yaml', '--wait', '--no-wait'], /--wait and --no-wait/],
    [['down', 'x', '--all'], /not both/],
    [['traces', 'ab', '--follow'], /--follow shows new traces/],
  ] as const
  for (const [args, message] of cases) {
    const { code, err } = await cli.run(...args)
    assert.equal(code, 2)
    assert.match(err, message)
  }
})

test('without NATS every command that needs a lattice says so in one line, with exit code 1', async () => {
  const cases = [
    ['get', 'hosts'],
    ['get', 'config', 'x'],
    ['app', 'list'],
    ['scale', 'a', '1'],
    ['traces'],
    ['down', '--all'],
  ]
  for (const args of cases) {
    const { code, out, err } = await cli.run(...args)
    assert.equal(code, 1, args.join(' '))
    assert.match(err, /^weft: no NATS server listens at nats:\/\/127\.0\.0\.1:1\. Start a lattice .*\n$/)
    assert.equal(out, '')
  }
})

test('the help lists every command', async () => {
  const { code, out } = await cli.run('help')
  assert.equal(code, 0)
  for (const name of Object.keys(commands)) assert.match(out, new RegExp(`^  ${name} `, 'm'))
  assert.equal((await cli.run()).out, out)
  assert.equal((await cli.run('--help')).out, out)
})

for (const [name, load] of Object.entries(commands)) {
  test(`the help of ${name} shows its usage, every flag and every example`, async () => {
    const { command } = await load()
    const { code, out } = await cli.run(name, '--help')
    assert.equal(code, 0)
    assert.equal(command.name, name)
    assert.ok(command.examples.length > 0)
    for (const flag of Object.keys(command.flags)) assert.match(out, new RegExp(`--${flag}( |$)`, 'm'))
    for (const text of [...command.usage, ...command.examples.flatMap(({ run, does }) => [run, does])])
      assert.ok(out.includes(text), text)
    assert.equal((await cli.run('help', name)).out, out)
  })
}

test('the version is printed', async () => {
  const { code, out } = await cli.run('--version')
  assert.equal(code, 0)
  assert.match(out, /^weft \d+\.\d+\.\d+\n$/)
})
