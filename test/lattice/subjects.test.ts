import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  anyEventSubject,
  anyModelSubject,
  beatSubject,
  controlSubjects,
  eventSubject,
  isOneToken,
  modelEventSubject,
  modelStatusSubject,
  modelSubject,
  oneToken,
  providerSubjects,
  spansSubject,
} from '../../src/lattice/subjects.ts'

test('control subjects are those of the wasmCloud 1.x control interface', () => {
  const subjects = controlSubjects('default')
  assert.equal(subjects.hostPing, 'wasmbus.ctl.v1.default.host.ping')
  assert.equal(subjects.hostGet('NABC'), 'wasmbus.ctl.v1.default.host.get.NABC')
  assert.equal(subjects.hostStop('NABC'), 'wasmbus.ctl.v1.default.host.stop.NABC')
  assert.equal(subjects.anyHost('NABC'), 'wasmbus.ctl.v1.default.host.*.NABC')
  assert.equal(subjects.registryPut, 'wasmbus.ctl.v1.default.registry.put')
  assert.equal(subjects.componentAuction, 'wasmbus.ctl.v1.default.component.auction')
  assert.equal(subjects.componentScale('NABC'), 'wasmbus.ctl.v1.default.component.scale.NABC')
  assert.equal(subjects.componentUpdate('NABC'), 'wasmbus.ctl.v1.default.component.update.NABC')
  assert.equal(subjects.anyComponent('NABC'), 'wasmbus.ctl.v1.default.component.*.NABC')
  assert.equal(subjects.providerAuction, 'wasmbus.ctl.v1.default.provider.auction')
  assert.equal(subjects.providerStart('NABC'), 'wasmbus.ctl.v1.default.provider.start.NABC')
  assert.equal(subjects.providerStop('NABC'), 'wasmbus.ctl.v1.default.provider.stop.NABC')
  assert.equal(subjects.anyProvider('NABC'), 'wasmbus.ctl.v1.default.provider.*.NABC')
  assert.equal(subjects.labelPut('NABC'), 'wasmbus.ctl.v1.default.label.put.NABC')
  assert.equal(subjects.labelDel('NABC'), 'wasmbus.ctl.v1.default.label.del.NABC')
  assert.equal(subjects.anyLabel('NABC'), 'wasmbus.ctl.v1.default.label.*.NABC')
  assert.equal(subjects.linkPut, 'wasmbus.ctl.v1.default.link.put')
  assert.equal(subjects.linkDel, 'wasmbus.ctl.v1.default.link.del')
  assert.equal(subjects.linkGet, 'wasmbus.ctl.v1.default.link.get')
  assert.equal(subjects.anyLink, 'wasmbus.ctl.v1.default.link.*')
  assert.equal(subjects.claimsGet, 'wasmbus.ctl.v1.default.claims.get')
  assert.equal(subjects.configPut('c'), 'wasmbus.ctl.v1.default.config.put.c')
  assert.equal(subjects.configGet('c'), 'wasmbus.ctl.v1.default.config.get.c')
  assert.equal(subjects.configDel('c'), 'wasmbus.ctl.v1.default.config.del.c')
  assert.equal(subjects.anyConfig, 'wasmbus.ctl.v1.default.config.>')
  assert.deepEqual(
    [subjects.linkQueue, subjects.claimsQueue, subjects.configQueue],
    ['link', 'claims', 'config'].map((kind) => `wasmbus.ctl.v1.default.${kind}`),
  )
})

test('the control prefix can be moved, dots and all', () => {
  assert.equal(controlSubjects('l1', 'acc.wasmbus.ctl').linkPut, 'acc.wasmbus.ctl.v1.l1.link.put')
})

test('events, provider, wadm and Weft subjects stand in their lattice', () => {
  assert.equal(eventSubject('l1', 'host_started'), 'wasmbus.evt.l1.host_started')
  assert.equal(anyEventSubject('l1'), 'wasmbus.evt.l1.>')
  assert.deepEqual(providerSubjects('l1', 'kv'), {
    health: 'wasmbus.rpc.l1.kv.health',
    linkPut: 'wasmbus.rpc.l1.kv.linkdefs.put',
    linkDel: 'wasmbus.rpc.l1.kv.linkdefs.del',
    shutdown: 'wasmbus.rpc.l1.kv.default.shutdown',
    configUpdate: 'wasmbus.rpc.l1.kv.config.update',
  })
  assert.equal(modelSubject('l1', 'put'), 'wadm.api.l1.model.put')
  assert.equal(modelSubject('l1', 'deploy', 'app'), 'wadm.api.l1.model.deploy.app')
  assert.equal(anyModelSubject('l1'), 'wadm.api.l1.model.>')
  assert.equal(modelEventSubject('l1', 'manifest_published'), 'wadm.evt.l1.manifest_published')
  assert.equal(modelStatusSubject('l1', 'app'), 'wadm.status.l1.app')
  assert.equal(spansSubject('l1'), 'weft.spans.l1')
  assert.equal(beatSubject('l1'), 'weft.beat.l1')
})

test('a name that is not one token is refused by name', () => {
  assert.throws(() => controlSubjects('a.b'), {
    code: 'invalid',
    message: /lattice "a\.b" must be one NATS token/,
  })
  for (const wrong of ['', 'a b', '*', '>', 'a\n', 'a.b', '\u0000']) assert.equal(isOneToken(wrong), false)
  assert.equal(oneToken('id', 'http_server-1'), 'http_server-1')
})
