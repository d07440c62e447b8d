import { randomBytes } from 'node:crypto'

const letters = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'

/** A ULID: 10 letters of time and 16 of chance, so that later ones sort after earlier ones. What wadm calls versions by. */
export function ulid(now: number): string {
  let time = ''
  for (let rest = now, index = 0; index < 10; index++, rest = Math.floor(rest / 32))
    time = `${letters[rest % 32]}${time}`
  return time + [...randomBytes(16)].map((byte) => letters[byte % 32]).join('')
}
