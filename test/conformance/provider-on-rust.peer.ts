import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { gzipSync } from 'node:zlib'
import { thisTarget } from '../../src/artifact/archive.ts'
import { writeTar } from '../../src/artifact/write-tar.ts'
import { greeterLink, greetOver } from '../support/greet.ts'
import { openLattice, type TestLattice } from '../support/lattice.ts'
import { until } from '../support/until.ts'
import { root } from '../support/weft.ts'
import { findPeer } from './find-peer.ts'
import { type Running, startProgram } from './run-program.ts'

const { path, skip } = findPeer('rust-host', 'build it with `node test/conformance/build.ts rust-host`')
const patient = { timeoutMs: 60_000 }

describe("a provider of Weft's SDK as a process of a wasmCloud 1.9.2 host", { skip }, () => {
  let lattice: TestLattice
  let rust: Running
  let hostId: string
  let greet: ReturnType<typeof greetOver>

  before(async () => {
    lattice = await openLattice()
    rust = startProgram(path, [lattice.nats.url, 'default'], { PATH: process.env['PATH'] })
    await rust.seen(/ready/)
    const [host] = await until(async () => {
      const hosts = await lattice.client.ping()
      return hosts.length === 1 ? hosts : undefined
    }, patient)
    hostId = host?.id ?? ''
    greet = greetOver(lattice.connection, 'greeter')
  })
  after(async () => {
    await rust?.stop()
    await lattice?.close()
  })

  const says = (name: string, expected: string) =>
    until(async () => (await greet(name, 5_000).catch(() => '')) === expected, {
      ...patient,
      what: `${name}: ${expected}`,
    })

  test('it starts from a signed archive, and answers with its config', async () => {
    const archive = join(lattice.place.folder, 'greeter.par.gz')
    const script = `#!/bin/sh\nexec ${process.execPath} ${root}/src/run-provider.ts ${root}/test/provider-programs/greeter.ts\n`
    await writeFile(archive, gzipSync(writeTar({ [`${thisTarget()}.bin`]: Buffer.from(script) })))
    const signed = JSON.parse((await lattice.place.run(['sign', archive, '-o', 'json'])).out)
    assert.ok((await readFile(signed.file)).length > 0)
    await lattice.client.putConfig('own', { greeting: 'Ahoy' })
    await lattice.client.putConfig('greeting', { greeting: 'Hi' })
    await lattice.client.startProvider({
      host_id: hostId,
      provider_id: 'greeter',
      provider_ref: pathToFileURL(signed.file).href,
      config: ['own'],
      annotations: {},
    })
    await says('config', 'Ahoy')
  })

  test('links are put and deleted, and its config changes, while it runs', async () => {
    await lattice.client.putLink(greeterLink)
    await says('link', 'Hi')
    await lattice.client.putConfig('own', { greeting: 'Aye' })
    await says('config', 'Aye')
    await lattice.client.deleteLink(greeterLink)
    await says('link', 'none')
  })

  test('it is healthy', async () => {
    await until(() => lattice.events.some(({ name }) => name === 'health_check_passed'), patient)
  })

  test('killed, the host starts it again, and it answers', async () => {
    const pid = await greet('pid')
    process.kill(Number(pid), 'SIGKILL')
    await until(async () => /^\d+$/.test(await greet('pid', 5_000).catch(() => '')), patient)
    assert.notEqual(await greet('pid'), pid)
  })

  test('asked to stop, it ends what it does before the host kills it', async () => {
    const pid = Number(await greet('pid'))
    await lattice.client.stopProvider(hostId, 'greeter')
    await until(() => !isAlive(pid), patient)
    assert.match(rust.output(), /the greeter has stopped/)
  })
})

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
