import { randomBytes } from 'node:crypto'

/** What a guest gets in one call at most: the call must give all that was asked for, and holds the thread meanwhile. */
const mostRandomBytes = 16n * 1024n * 1024n

const bytes = (length: bigint): Uint8Array => {
  if (length <= mostRandomBytes) return randomBytes(Number(length))
  throw new Error(
    `wasi:random was asked for ${length} bytes in one call; it gives at most ${mostRandomBytes}`,
  )
}

const u64 = () => randomBytes(8).readBigUInt64LE()

/** `wasi:random`: the insecure ones are as good as the other. */
export const randomImports = {
  'wasi:random/random': { getRandomBytes: bytes, getRandomU64: u64 },
  'wasi:random/insecure': { getInsecureRandomBytes: bytes, getInsecureRandomU64: u64 },
  'wasi:random/insecure-seed': { insecureSeed: (): [bigint, bigint] => [u64(), u64()] },
}
