import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { denied } from '../../src/guest/denied.ts'
import type { WitFunction, WitInterface, WitType } from '../../src/wit/type.ts'

type Functions = Record<string, (...args: readonly unknown[]) => unknown>
type Classes = Record<string, new (...args: readonly unknown[]) => object>

const fn = (name: string, result?: WitType, params: readonly string[] = ['x']): WitFunction => ({
  name,
  async: false,
  params: params.map((param) => ({ name: param, type: { kind: 'u32' } })),
  ...(result && { result }),
})
const failing = (err: WitType): WitType => ({ kind: 'result', err })
const refused = (...functions: WitFunction[]): WitInterface => ({ id: 'test:pkg/face@1.0.0', functions })

describe('a refused interface', () => {
  it('throws the refusal that its error type knows', () => {
    const functions = denied(
      refused(
        fn('by-enum', failing({ kind: 'enum', names: ['unknown', 'access-denied'] })),
        fn('by-variant', failing({ kind: 'variant', cases: [{ name: 'not-permitted' }] })),
      ),
    ) as Functions
    assert.throws(() => functions['byEnum']?.(), { payload: 'access-denied' })
    assert.throws(() => functions['byVariant']?.(), { payload: { tag: 'not-permitted' } })
  })

  it('traps and names the function when there is no such case', () => {
    const functions = denied(
      refused(
        fn('plain'),
        fn('other', failing({ kind: 'variant', cases: [{ name: 'access', type: { kind: 'string' } }] })),
      ),
    ) as Functions
    assert.throws(() => functions['plain']?.(), { code: 'denied', message: /test:pkg\/face@1\.0\.0#plain/ })
    assert.throws(() => functions['other']?.(), { code: 'denied' })
  })

  it('has its resources as classes that can do nothing', () => {
    const object = denied(
      refused(
        fn('[constructor]udp-socket'),
        fn('[method]udp-socket.bind'),
        fn('[static]udp-socket.make-one'),
      ),
    )
    const { UdpSocket } = object as Classes
    assert.ok(UdpSocket)
    assert.throws(() => new UdpSocket(), { message: /\[constructor\]udp-socket/ })
    assert.throws(() => UdpSocket.prototype.bind(), { message: /\[method\]udp-socket\.bind/ })
    assert.throws(() => (UdpSocket as unknown as Functions)['makeOne']?.(), { message: /make-one/ })
  })

  it('gives an empty resource where nothing is asked, of the class of the interface beside it', () => {
    const resources = new Map()
    const network: WitType = { kind: 'own', resource: 'network' }
    const instance = denied(refused(fn('instance-network', network, [])), resources) as Functions
    const { Network } = denied(refused(fn('[method]network.use')), resources) as Classes
    assert.ok(Network)
    assert.ok(instance['instanceNetwork']?.() instanceof Network)
  })
})
