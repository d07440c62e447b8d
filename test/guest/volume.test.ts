import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, beforeEach, describe, test } from 'node:test'
import type { VolumeMount } from '../../src/component-settings.ts'
import type { GuestComponent } from '../../src/guest/component.ts'
import { fakeServices, fetchFrom, guestCall, openGuests } from '../support/guest.ts'

describe('a guest on the std of Rust', { timeout: 120_000 }, () => {
  let guests: Awaited<ReturnType<typeof openGuests>>
  let folder: string
  let command: GuestComponent
  const inVolume = (name: string) => join(folder, 'volume', name)

  before(async () => {
    guests = await openGuests()
  })
  after(() => guests.close())
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'weft-volume-'))
    await mkdir(inVolume('sub'), { recursive: true })
    await writeFile(join(folder, 'secret'), 'not yours')
    await writeFile(inVolume('hello'), 'hello')
    const hostVolumes = {
      data: { path: join(folder, 'volume'), access: 'read-write' },
      fixed: { path: join(folder, 'volume'), access: 'read-only' },
    } as const
    command = await guests.load('test/guests/std-command/std-command.wasm', { hostVolumes })
    return async () => rm(folder, { recursive: true, force: true })
  })

  async function run(
    deeds: string,
    mounts: readonly VolumeMount[] = [{ volume: 'data', path: '/data', access: 'read-write' }],
  ): Promise<string[]> {
    await command.configure({ cli: { args: deeds.split(' ') }, volumes: { mounts } })
    const services = fakeServices()
    assert.deepEqual(await command.run(guestCall(command, 'run', []), services), { tag: 'ok' })
    return services.lines.map(({ message }) => message.trimEnd())
  }

  test('reads, writes, lists and removes files of its volume', async () => {
    const lines = await run(
      'read /data/hello ; write /data/new abc ; append /data/new def ; read /data/new ; mkdir /data/dir ; ' +
        'write /data/dir/x 1 ; ls /data ; stat /data/new ; stat /data/dir ; rename /data/dir/x /data/y ; ' +
        'seek /data/new 3 ; truncate /data/new 2 ; read /data/new ; link /data/new /data/again ; rm /data/new ; ' +
        'read /data/again ; rmdir /data/dir ; touch /data/y 1000000000 ; mtime /data/y ; create-new /data/y',
    )
    assert.deepEqual(lines, [
      'ok hello',
      'ok',
      'ok',
      'ok abcdef',
      'ok',
      'ok',
      'ok dir/,hello,new,sub/',
      'ok file 6',
      'ok dir',
      'ok',
      'ok c##f',
      'ok',
      'ok ab',
      'ok',
      'ok',
      'ok ab',
      'ok',
      'ok',
      'ok 1000000000',
      'err AlreadyExists',
    ])
    assert.deepEqual((await readdir(inVolume('.'))).toSorted(), ['again', 'hello', 'sub', 'y'])
    assert.equal(await readFile(inVolume('again'), 'utf8'), 'ab')
  })

  test('moves a megabyte through its streams unharmed', async () => {
    assert.deepEqual(
      await run('fill /data/big 1000000 ; sum /data/big ; append /data/big x ; stat /data/big'),
      ['ok 1000000', 'ok 1000000 true', 'ok', 'ok file 1000001'],
    )
  })

  test('sees nothing without a volume', async () => {
    assert.deepEqual(await run('read /data/hello ; ls / ; read hello ; write /tmp/x y', []), [
      'err Uncategorized',
      'err Uncategorized',
      'err Uncategorized',
      'err Uncategorized',
    ])
  })

  test('changes nothing in a read-only volume', async () => {
    const lines = await run(
      'read /data/hello ; write /data/hello x ; write /data/new x ; append /data/hello x ; mkdir /data/d ; ' +
        'rm /data/hello ; rename /data/hello /data/b ; link /data/hello /data/b ; symlink hello /data/b ; ' +
        'touch /data/hello 5 ; truncate /data/hello 0 ; rmdir /data/sub',
      [{ volume: 'data', path: '/data' }],
    )
    assert.equal(lines[0], 'ok hello')
    assert.ok(
      lines.slice(1).every((line) => line.startsWith('err ')),
      lines.join('\n'),
    )
    assert.deepEqual((await readdir(inVolume('.'))).toSorted(), ['hello', 'sub'])
    assert.equal(await readFile(inVolume('hello'), 'utf8'), 'hello')
  })

  test('gives no way to write from a volume that it may write to into one that it may only read', async () => {
    const lines = await run(
      'link /fixed/hello /data/h ; rename /fixed/hello /data/h ; rename /data/sub /fixed/s',
      [
        { volume: 'data', path: '/data', subpath: 'sub', access: 'read-write' },
        { volume: 'fixed', path: '/fixed' },
      ],
    )
    assert.ok(
      lines.every((line) => line.startsWith('err ')),
      lines.join('\n'),
    )
    assert.deepEqual(await readdir(inVolume('sub')), [])
  })

  test('does not get out: by .., by links that are there, by links that it makes', async () => {
    await symlink(join(folder, 'secret'), inVolume('absolute'))
    await symlink('../secret', inVolume('relative'))
    await symlink('..', inVolume('up'))
    await symlink('sub/../../secret', inVolume('crooked'))
    await symlink('loop', inVolume('loop'))
    const lines = await run(
      'read /data/../secret ; read /data/sub/../../secret ; read /data/absolute ; read /data/relative ; ' +
        'read /data/up/secret ; read /data/crooked ; read /data/loop ; ls /data/up ; write /data/relative x ; ' +
        'rename /data/hello /data/../gone ; link /data/../secret /data/mine ; stat /data/up/secret ; ' +
        'symlink ../secret /data/made ; read /data/made ; write /data/made x ; symlink /etc /data/etc ; ' +
        'rm /data/up/secret ; mkdir /data/up/dir ; rm-all /data/up/volume ; touch /data/relative 5 ; ' +
        'read /data/sub/../hello ; readlink /data/relative ; lstat /data/relative ; rm /data/relative',
    )
    assert.deepEqual(lines.slice(-4), ['ok hello', 'ok ../secret', 'ok symlink 9', 'ok'])
    const made = lines.slice(0, -4)
    assert.deepEqual(
      made.filter((line) => line.startsWith('ok')),
      ['ok'],
      made.join('\n'),
    )
    assert.equal(await readFile(join(folder, 'secret'), 'utf8'), 'not yours')
    assert.deepEqual((await readdir(folder)).toSorted(), ['secret', 'volume'])
  })

  test('sees only the subpath that its manifest names, which may not lead out either', async () => {
    await writeFile(inVolume('sub/x'), 'sub')
    const mount = { volume: 'data', path: '/data', subpath: 'sub' }
    assert.deepEqual(await run('read /data/x ; read /data/../hello', [mount]), [
      'ok sub',
      'err PermissionDenied',
    ])
    await symlink('..', inVolume('out'))
    for (const subpath of ['..', 'out', '/etc', 'sub/../..', 'nowhere', 'hello']) {
      await assert.rejects(run('env', [{ ...mount, subpath }]), { code: 'not_found' }, subpath)
    }
  })

  test('on the libc of C too, whose start function asks for its volumes already', async () => {
    await mkdir(inVolume('etc'))
    await writeFile(inVolume('etc/passwd'), 'nobody')
    const hostVolumes = { data: { path: join(folder, 'volume'), access: 'read-only' } } as const
    const volumes = { mounts: [{ volume: 'data', path: '/etc', subpath: 'etc' }] }
    const probe = 'test/guest/wasi-0-2/probe/probe.wasm'
    for (const settings of [{ volumes }, { volumes, reuse: { invocations: 100 } }]) {
      const component = await guests.load(probe, { hostVolumes, settings })
      for (let times = 0; times < 3; times++)
        assert.match((await fetchFrom(component, '/world')).text, /file=open/)
      component.close()
    }
    assert.match((await fetchFrom(await guests.load(probe), '/world')).text, /file=none/)
  })

  test('leaves no descriptor behind, however it ends', async () => {
    const mounts = [{ volume: 'data', path: '/data', access: 'read-write' }] as const
    const openNow = async () => (await readdir('/proc/self/fd')).length
    const before = await openNow()
    for (const end of [
      'exit 0',
      'exit 1',
      'panic',
      'hold /data/hello ; panic',
      'hold /data/hello ; exit 0',
    ]) {
      await command.configure({ cli: { args: `ls /data ; ${end}`.split(' ') }, volumes: { mounts } })
      for (let times = 0; times < 20; times++)
        await command.run(guestCall(command, 'run', []), fakeServices()).catch(() => {})
    }
    await command.configure({})
    while ((await openNow()) > before) await new Promise(setImmediate)
  })

  test('is not started where the host does not give what it asks for', async () => {
    await assert.rejects(run('env', [{ volume: 'other', path: '/o' }]), {
      code: 'denied',
      message: /^this host has no volume "other": start it with --volume other=/,
    })
    await assert.rejects(run('env', [{ volume: 'fixed', path: '/f', access: 'read-write' }]), {
      code: 'denied',
      message: /"fixed" is read-only on this host/,
    })
  })
})
