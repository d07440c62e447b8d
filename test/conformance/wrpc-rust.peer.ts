import { findPeer } from './find-peer.ts'
import { wrpcSuite } from './wrpc-suite.ts'

wrpcSuite({
  language: 'Rust',
  program: findPeer('wrpc-peer', 'build it with `node test/conformance/build.ts wrpc-rust`'),
  char: '😀',
})
