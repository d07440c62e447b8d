import { randomUUID } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createAccount, createOperator, createUser, type KeyPair } from '@nats-io/nkeys'

/** A NATS operator with one account, and its users; `args` start a server that trusts it. */
export interface NatsAccounts {
  readonly args: readonly string[]
  readonly folder: string
  /** A user that may do everything in the account, or nothing but what `allow` names. */
  user(
    name: string,
    allow?: readonly string[],
  ): Promise<{
    readonly jwt: string
    readonly seed: string
    /** Path of its `.creds` file. */
    readonly creds: string
  }>
  close(): Promise<void>
}

/** Makes an operator, a system account and one account with JetStream, and the server's configuration for them, with `more` in it. */
export async function makeNatsAccounts(more: Readonly<Record<string, unknown>> = {}): Promise<NatsAccounts> {
  const folder = await mkdtemp(join(tmpdir(), 'weft-accounts-'))
  const operator = createOperator()
  const system = createAccount()
  const account = createAccount()
  const accountClaims = (key: KeyPair, limits: object) =>
    token(operator, key.getPublicKey(), {
      type: 'account',
      version: 2,
      limits: {
        subs: -1,
        data: -1,
        payload: -1,
        imports: -1,
        exports: -1,
        wildcards: true,
        conn: -1,
        leaf: -1,
        ...limits,
      },
    })
  const config = {
    ...more,
    operator: token(operator, operator.getPublicKey(), { type: 'operator', version: 2 }),
    system_account: system.getPublicKey(),
    resolver: 'MEMORY',
    resolver_preload: {
      [system.getPublicKey()]: accountClaims(system, {}),
      [account.getPublicKey()]: accountClaims(account, {
        mem_storage: -1,
        disk_storage: -1,
        streams: -1,
        consumer: -1,
      }),
    },
  }
  const path = join(folder, 'server.conf')
  await writeFile(path, JSON.stringify(config))
  return {
    args: ['-c', path],
    folder,
    async user(name, allow) {
      const key = createUser()
      const only = allow && { pub: { allow }, sub: { allow } }
      const jwt = token(account, key.getPublicKey(), {
        type: 'user',
        version: 2,
        subs: -1,
        data: -1,
        payload: -1,
        ...only,
      })
      const seed = new TextDecoder().decode(key.getSeed())
      const creds = join(folder, `${name}.creds`)
      await writeFile(creds, credsText(jwt, seed))
      return { jwt, seed, creds }
    },
    close: () => rm(folder, { recursive: true, force: true }),
  }
}

function token(issuer: KeyPair, subject: string, nats: object): string {
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const claims = {
    jti: randomUUID(),
    iat: Math.floor(Date.now() / 1000),
    iss: issuer.getPublicKey(),
    sub: subject,
    nats,
  }
  const signed = `${part({ typ: 'JWT', alg: 'ed25519-nkey' })}.${part(claims)}`
  return `${signed}.${Buffer.from(issuer.sign(Buffer.from(signed))).toString('base64url')}`
}

function credsText(jwt: string, seed: string): string {
  return `-----BEGIN NATS USER JWT-----
${jwt}
------END NATS USER JWT------

-----BEGIN USER NKEY SEED-----
${seed}
------END USER NKEY SEED------
`
}
