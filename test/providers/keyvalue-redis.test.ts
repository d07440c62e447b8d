import assert from 'node:assert/strict'
import { createServer } from 'node:net'
import { after, afterEach, before, describe, test } from 'node:test'
import { encodeCommand, RedisError, RespReader } from '../../providers/keyvalue-redis/resp.ts'
import keyvalueRedis from '../../providers/keyvalue-redis.ts'
import type { BackendTiming } from '../../src/call/timing.ts'
import type { Provider } from '../../src/provider.ts'
import { noRedis, type RedisServer, startRedis } from '../support/start-redis.ts'
import { until } from '../support/until.ts'
import { freePort } from '../support/weft.ts'
import {
  bytes,
  keyvalueCall,
  keyvalueContext,
  keyvalueContract,
  keyvalueLink,
  ok,
} from './keyvalue-contract.ts'

const start = async (config: Record<string, string>) => {
  const provider = await keyvalueRedis.start(keyvalueContext())
  await provider.putLink(keyvalueLink('hello', config))
  return provider
}
const ask = (provider: Provider, name: string, ...args: readonly unknown[]) =>
  provider.serve?.(keyvalueCall(name, ['default', ...args])) as Promise<{ tag: string; val: { val: string } }>

describe('key-value in Redis', { skip: noRedis }, () => {
  let redis: RedisServer
  let url: string
  const running: Provider[] = []
  const open = async (config: Record<string, string>) => {
    const provider = await start(config)
    running.push(provider)
    return provider
  }

  before(async () => {
    redis = await startRedis()
    url = `redis://127.0.0.1:${redis.port}`
  })
  afterEach(async () => {
    await Promise.all(running.splice(0).map((provider) => provider.stop()))
  })
  after(() => redis.stop())

  describe('with keys as they are', () => {
    let provider: Provider
    before(async () => {
      provider = await start({ URL: url })
    })
    after(() => provider.stop())
    keyvalueContract(() => provider)
  })

  describe('with a prefix', () => {
    let provider: Provider
    before(async () => {
      provider = await start({ url: `${url}/3`, prefix: 'a*[b]:' })
    })
    after(() => provider.stop())
    keyvalueContract(() => provider)
  })

  test('prefixes and databases keep components apart, bucket names do not', async () => {
    const [one, two, other] = await Promise.all([
      open({ URL: `${url}/5`, prefix: 'one:' }),
      open({ URL: `${url}/5` }),
      open({ URL: `${url}/6` }),
    ])
    await ask(one, 'set', 'k', bytes('1'))
    assert.deepEqual(await ask(two, 'exists', 'k'), ok(false))
    assert.deepEqual(await ask(two, 'exists', 'one:k'), ok(true))
    assert.deepEqual(await ask(other, 'exists', 'one:k'), ok(false))
    assert.deepEqual(await one.serve?.(keyvalueCall('exists', ['any', 'k'])), ok(true))
  })

  test('each command is recorded in the course of its call, a failed one with its code', async () => {
    const provider = await open({ URL: `${url}/7` })
    const recorded = async (name: string, ...args: readonly unknown[]) => {
      const call = keyvalueCall(name, ['default', ...args])
      await provider.serve?.(call)
      return call.course.timings[0] as BackendTiming
    }
    const server = { address: '127.0.0.1', port: redis.port }
    assert.partialDeepStrictEqual(await recorded('set', 'k', bytes('text')), {
      name: 'backend',
      kind: 'database',
      system: 'redis',
      operation: 'SET',
      destination: '7',
      server,
    })
    assert.partialDeepStrictEqual(await recorded('get-many', ['a', 'b', 'c']), {
      operation: 'MGET',
      batchSize: 3,
    })
    assert.partialDeepStrictEqual(await recorded('increment', 'k', 1n), {
      operation: 'INCRBY',
      failureCode: 'ERR',
      failure: 'ERR value is not an integer or out of range',
    })
  })

  test('a login is made with the password of the URL, or of a secret', async () => {
    const closed = await startRedis(['--requirepass', 's3cret'])
    try {
      const right = await open({ URL: `redis://:s3cret@127.0.0.1:${closed.port}` })
      assert.deepEqual(await ask(right, 'set', 'k', bytes('v')), ok(undefined))
      const wrong = await open({ URL: `redis://:gu3ss@127.0.0.1:${closed.port}` })
      const { val } = await ask(wrong, 'get', 'k')
      assert.match(val.val, /Redis at 127\.0\.0\.1:\d+ refused AUTH: (WRONGPASS|ERR)/)
      assert.doesNotMatch(val.val, /gu3ss/)
      const secret = await keyvalueRedis.start(keyvalueContext())
      running.push(secret)
      const targetSecrets = {
        URL: { tag: 'string', val: `redis://:s3cret@127.0.0.1:${closed.port}` },
      } as const
      await secret.putLink({ ...keyvalueLink('hello', {}), targetSecrets })
      assert.deepEqual(await ask(secret, 'exists', 'k'), ok(true))
    } finally {
      await closed.stop()
    }
  })

  test('a Redis that is away fails calls at once; when it is back, calls go on', async () => {
    const port = await freePort()
    const provider = await open({ URL: `redis://127.0.0.1:${port}` })
    assert.match((await ask(provider, 'get', 'k')).val.val, /cannot connect: .*ECONNREFUSED/)
    let server = await startRedis([], port)
    try {
      assert.deepEqual(await ask(provider, 'set', 'k', bytes('v')), ok(undefined))
      assert.equal(await provider.health?.(), undefined)
      await server.stop()
      await until(async () => (await ask(provider, 'get', 'k')).tag === 'err')
      await until(async () => /cannot connect: .*ECONNREFUSED/.test((await provider.health?.()) ?? ''))
      server = await startRedis([], port)
      await until(async () => (await ask(provider, 'get', 'k')).tag === 'ok')
      await server.stop()
      await until(async () => (await provider.health?.()) !== undefined)
      await provider.deleteLink(keyvalueLink('hello', {}))
      assert.equal(await provider.health?.(), undefined, 'a server that no link names is nobody’s concern')
    } finally {
      await server.stop()
    }
  })

  test('calls in flight fail when Redis is killed', async () => {
    const server = await startRedis()
    const provider = await open({ URL: `redis://127.0.0.1:${server.port}` })
    await ask(provider, 'get', 'k')
    server.process.kill('SIGSTOP')
    assert.match((await provider.health?.()) ?? '', /Redis at 127\.0\.0\.1 does not answer/)
    const waiting = Promise.all(Array.from({ length: 20 }, () => ask(provider, 'get', 'k')))
    await server.stop()
    for (const answer of await waiting) assert.match(answer.val.val, /Redis at .*: /)
  })
})

test('what answers but is no Redis is said so', async () => {
  const server = createServer((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'))
  const port = await freePort()
  server.listen(port, '127.0.0.1')
  const provider = await start({ URL: `redis://127.0.0.1:${port}` })
  try {
    assert.match((await ask(provider, 'get', 'k')).val.val, /not a Redis server: it answered "HTTP/)
  } finally {
    await provider.stop()
    server.close()
  }
})

for (const url of ['http://x', 'redis://', 'redis://:pw@host/one', 'host:6379']) {
  test(`the URL ${url} is refused without its password, and health says so`, async () => {
    const provider = await keyvalueRedis.start(keyvalueContext())
    await assert.rejects(provider.putLink(keyvalueLink('hello', { URL: url })), (error: Error) => {
      assert.match(error.message, /`URL`: expected redis:\/\/127\.0\.0\.1:6379\/0 or the like, got /)
      assert.doesNotMatch(error.message, /pw/)
      return true
    })
    assert.match((await provider.health?.()) ?? '', /expected redis:/)
    await provider.stop()
  })
}

test('replies are read however their bytes are cut', () => {
  const whole = Buffer.from(
    '+OK\r\n:-7\r\n$5\r\na\r\nb\x00\r\n$-1\r\n*2\r\n$1\r\n0\r\n*1\r\n$0\r\n\r\n-WRONGTYPE no\r\n',
    'latin1',
  )
  const expected = [
    'OK',
    -7n,
    bytes('a\r\nb\x00'),
    null,
    [bytes('0'), [bytes('')]],
    new RedisError('WRONGTYPE no'),
  ]
  for (let cut = 1; cut < whole.length; cut += 1) {
    const reader = new RespReader()
    const replies = [...reader.push(whole.subarray(0, cut)), ...reader.push(whole.subarray(cut))]
    assert.deepEqual(shown(replies), shown(expected), `cut at ${cut}`)
  }
  const byByte = new RespReader()
  assert.equal([...whole].flatMap((byte) => byByte.push(Uint8Array.of(byte))).length, expected.length)
  assert.equal(
    Buffer.from(encodeCommand(['SET', 'ü', bytes('\r\n')])).toString(),
    '*3\r\n$3\r\nSET\r\n$2\r\nü\r\n$2\r\n\r\n\r\n',
  )
})

function shown(value: unknown): unknown {
  if (typeof value === 'bigint') return String(value)
  if (value instanceof RedisError) return `${value.code}: ${value.message}`
  if (value instanceof Uint8Array) return [...value]
  return Array.isArray(value) ? value.map(shown) : value
}
