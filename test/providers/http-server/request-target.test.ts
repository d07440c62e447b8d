import assert from 'node:assert/strict'
import { test } from 'node:test'
import { requestTarget } from '../../../providers/http-server/request-target.ts'

const headers = { host: 'shop.example.com' }

test('a request names its path, and Host whom it asks', () => {
  const asked = requestTarget({ url: '/a?b=/c', headers })
  assert.deepEqual(asked, { path: '/a?b=/c', authority: 'shop.example.com' })
  assert.deepEqual(requestTarget({ url: '*', headers: {} }), { path: '*', authority: undefined })
})

test('a whole URI counts above Host', () => {
  const of = (url: string) => requestTarget({ url, headers })
  assert.deepEqual(of('http://other:8080/a?b#c'), { path: '/a?b', authority: 'other:8080' })
  assert.deepEqual(of('HTTP://other'), { path: '/', authority: 'other' })
  assert.deepEqual(of('http://other?b'), { path: '/?b', authority: 'other' })
})
