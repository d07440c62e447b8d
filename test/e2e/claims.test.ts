import assert from 'node:assert/strict'
import { copyFile, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { connectNats } from '../../src/lattice/connect.ts'
import { createControlClient } from '../../src/lattice/control-client.ts'
import { type LatticeEvent, subscribeEvents } from '../../src/lattice/events.ts'
import { createLog } from '../../src/log.ts'
import { openCli } from '../support/run-cli.ts'
import { startNats } from '../support/start-nats.ts'
import { until } from '../support/until.ts'

const greeter = join(import.meta.dirname, '../../manifests/chain/greeter/greeter.wasm')

test('a signed component shows who signed it; an unsigned one is refused where that is required', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'weft-claims-'))
  const nats = await startNats()
  const cli = await openCli({ WEFT_NATS_URL: nats.url })
  const connection = await connectNats({ url: nats.url, name: 'test' })
  const events: LatticeEvent[] = []
  const watch = subscribeEvents({
    connection,
    lattice: 'default',
    onEvent: (event) => events.push(event),
    log: createLog(() => undefined),
  })
  const host = cli.begin('host', '--threads', '1', '--require-signed')
  try {
    await until(() => host.output().includes('has joined'), { timeoutMs: 30_000 })
    const file = join(folder, 'greeter.wasm')
    await copyFile(greeter, file)
    const signed = await cli.run('sign', file, '--ver', '1.0.0', '--rev', '3', '--tag', 'demo', '-o', 'json')
    const { subject, issuer, file: signedFile } = JSON.parse(signed.out)

    const unsigned = await cli.run('scale', 'greeter', '1', '--ref', file)
    assert.match(
      unsigned.err,
      /is not signed, and this host runs signed components only: sign it with `weft sign`/,
    )
    const scaled = await cli.run('scale', 'greeter', '1', '--ref', signedFile)
    assert.equal(scaled.code, 0, scaled.err)

    const event = await until(() => events.find(({ name }) => name === 'component_scaled'))
    assert.deepEqual('claims' in event.data && event.data.claims, {
      call_alias: null,
      issuer,
      tags: ['demo'],
      name: 'greeter',
      version: '1.0.0',
      revision: 3,
      not_before_human: 'never',
      expires_human: 'never',
    })
    assert.equal('public_key' in event.data && event.data.public_key, subject)
    const [shown] = JSON.parse((await cli.run('get', 'components', '-o', 'json')).out)
    assert.deepEqual([shown.on[0].item.name, shown.on[0].item.revision], ['greeter', 3])
    const client = createControlClient({ connection, lattice: 'default' })
    assert.deepEqual(await client.claims(), [
      {
        iss: issuer,
        issuer,
        name: 'greeter',
        rev: '3',
        revision: '3',
        sub: subject,
        subject,
        version: '1.0.0',
        call_alias: '',
        tags: 'demo',
      },
    ])
    assert.equal((await cli.run('sign', file, '-o', 'json')).out.includes(subject), true)
  } finally {
    host.interrupt()
    await host.ended
    watch.stop()
    await connection.close()
    await cli.close()
    await nats.stop()
    await rm(folder, { recursive: true, force: true })
  }
})
