import { randomBytes } from 'node:crypto'

/** The contract lets a host give fewer bytes than asked for; a guest can't make it allocate more than this. */
const mostRandomBytes = 65_536n

const bytes = (length: bigint): Uint8Array =>
  randomBytes(Number(length < mostRandomBytes ? length : mostRandomBytes))

const u64 = () => randomBytes(8).readBigUInt64LE()

/** `wasi:random@0.3`: the insecure ones are as good as the other. */
export const randomImports = {
  'wasi:random/random': { getRandomBytes: bytes, getRandomU64: u64 },
  'wasi:random/insecure': { getInsecureRandomBytes: bytes, getInsecureRandomU64: u64 },
  'wasi:random/insecure-seed': { getInsecureSeed: (): [bigint, bigint] => [u64(), u64()] },
}
