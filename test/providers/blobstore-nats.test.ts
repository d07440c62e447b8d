import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { jetstreamManager } from '@nats-io/jetstream'
import { connect } from 'nats'
import blobstoreNats from '../../providers/blobstore-nats.ts'
import type { Provider } from '../../src/provider.ts'
import { type NatsServer, startNats } from '../support/start-nats.ts'
import { blobsOf, blobstoreContract, blobstoreLink, pattern } from './blobstore-contract.ts'
import { keyvalueContext } from './keyvalue-contract.ts'

describe('blobs in NATS', () => {
  let nats: NatsServer
  let provider: Provider
  before(async () => {
    nats = await startNats()
    provider = await blobstoreNats.start(keyvalueContext({ id: 'blobs', natsUrl: nats.url }))
    await provider.putLink(blobstoreLink('hello', {}))
  })
  after(async () => {
    await provider.stop()
    await nats.stop()
  })

  blobstoreContract(() => provider)

  test('prefixes keep components apart', async () => {
    await provider.putLink(blobstoreLink('one', { prefix: 'one-' }))
    const one = blobsOf(() => provider, 'one')
    await one.ask('create-container', 'mine')
    assert.equal(await blobsOf(() => provider).ask('container-exists', 'mine'), false)
    assert.equal(await blobsOf(() => provider).ask('container-exists', 'one-mine'), true)
  })

  test('nothing is left of objects that were replaced, deleted or raced for', async () => {
    const { ask, id, write } = blobsOf(() => provider)
    await ask('create-container', 'tidy')
    for (let at = 0; at < 5; at += 1) await write('a', pattern(300_000), 'tidy')
    await write('b', pattern(300_000), 'tidy')
    await ask('delete-object', id('b', 'tidy'))
    await Promise.all(Array.from({ length: 6 }, () => write('c', pattern(140_000), 'tidy')))
    const connection = await connect({ servers: nats.url })
    const manager = await jetstreamManager(connection)
    const { state } = await manager.streams.info('OBJ_tidy', { subjects_filter: '>' })
    await connection.close()
    const counts = Object.entries(state.subjects ?? {}).map(([subject, count]) => [
      subject.split('.')[2],
      count,
    ])
    assert.deepEqual(counts.sort(), [
      ['C', 2],
      ['C', 3],
      ['M', 1],
      ['M', 1],
      ['M', 1],
    ])
  })

  test('it is the object store of NATS: the layout that its other clients have', async () => {
    const { ask, write } = blobsOf(() => provider)
    await ask('create-container', 'plain')
    await write('ü', Buffer.from('abc'), 'plain')
    const connection = await connect({ servers: nats.url })
    const manager = await jetstreamManager(connection)
    const name = Buffer.from('ü').toString('base64').replace('+', '-').replace('/', '_')
    const entry = await manager.streams.getMessage('OBJ_plain', { last_by_subj: `$O.plain.M.${name}` })
    const meta = entry?.json<{ nuid: string; digest: string }>()
    assert.partialDeepStrictEqual(meta, {
      name: 'ü',
      bucket: 'plain',
      size: 3,
      chunks: 1,
      digest: 'SHA-256=ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0=',
    })
    const chunk = await manager.streams.getMessage('OBJ_plain', { last_by_subj: `$O.plain.C.${meta?.nuid}` })
    await connection.close()
    assert.equal(Buffer.from(chunk?.data ?? []).toString(), 'abc')
  })

  test('a container whose name is no bucket of NATS is refused, and so is such a prefix', async () => {
    const { ask } = blobsOf(() => provider)
    for (const name of ['', 'a b', 'a.b', '$JS', '../x'])
      await assert.rejects(ask('create-container', name), /expected letters, digits, - and _/)
    await assert.rejects(provider.putLink(blobstoreLink('bad', { prefix: 'a.b' })), {
      code: 'invalid',
      message: /`prefix`: expected letters, digits, - and _, got "a\.b"/,
    })
  })
})
