import { findPeer } from './find-peer.ts'
import { wrpcSuite } from './wrpc-suite.ts'

wrpcSuite({
  language: 'Go',
  program: findPeer('wrpc-peer-go', 'build it with `node test/conformance/build.ts wrpc-go`'),
  // Generated Go takes a char for a number, LEB128: the same as UTF-8 only in ASCII.
  char: 'A',
})
