import { readFile } from 'node:fs/promises'
import { credsAuthenticator, jwtAuthenticator, type NodeConnectionOptions, nkeyAuthenticator } from 'nats'
import { WeftError } from '../errors.ts'
import type { NatsLogin } from '../nats-login.ts'

const seedForm = /^SU[A-Z2-7]{56}$/
const jwtForm = /^ey[\w-]+\./

/** The client's options for a login; `urlAsksForTls` when a URL says `tls:`. What cannot be read is `invalid`. */
export async function loginOptions(
  login: NatsLogin,
  { urlAsksForTls }: { readonly urlAsksForTls: boolean },
): Promise<Partial<NodeConnectionOptions>> {
  const wantsTls = urlAsksForTls || login.tls === true || login.tlsCa !== undefined || login.tlsFirst === true
  return {
    ...(await authenticator(login)),
    ...(wantsTls && {
      tls: {
        ...(login.tlsCa !== undefined && { ca: await fileText('the authority file', login.tlsCa) }),
        ...(login.tlsFirst === true && { handshakeFirst: true }),
      },
    }),
  }
}

/** User JWT and seed as text, for a process that is handed them; empty where the login has none. */
export async function loginTexts({
  creds,
  jwt,
  seed,
}: NatsLogin): Promise<{ readonly jwt: string; readonly seed: string }> {
  if (creds === undefined)
    return {
      jwt: jwt === undefined ? '' : await textOrFile('the NATS user JWT', jwt, jwtForm),
      seed: seed === undefined ? '' : await textOrFile('the NATS seed', seed, seedForm),
    }
  const both = await fileText('the NATS credentials', creds)
  const block = (name: string) =>
    new RegExp(`-----BEGIN ${name}-----\\s*(\\S+)\\s*-+END ${name}-`).exec(both)?.[1] ?? ''
  return { jwt: block('NATS USER JWT'), seed: block('USER NKEY SEED') }
}

async function authenticator({ creds, jwt, seed }: NatsLogin): Promise<Partial<NodeConnectionOptions>> {
  const utf8 = new TextEncoder()
  if (creds !== undefined) {
    if (jwt !== undefined || seed !== undefined)
      throw new WeftError('invalid', 'NATS login: give a credentials file, or a JWT and a seed, not both')
    return {
      authenticator: credsAuthenticator(utf8.encode(await fileText('the NATS credentials', creds))),
    }
  }
  if (seed === undefined) {
    if (jwt === undefined) return {}
    throw new WeftError('invalid', 'NATS login: a user JWT needs the seed of its user too (--nats-seed)')
  }
  const secret = utf8.encode(await textOrFile('the NATS seed', seed, seedForm))
  if (jwt === undefined) return { authenticator: nkeyAuthenticator(secret) }
  return {
    authenticator: jwtAuthenticator(await textOrFile('the NATS user JWT', jwt, jwtForm), secret),
  }
}

/** What looks like the thing itself is it; everything else is the path of a file with it. */
async function textOrFile(what: string, given: string, form: RegExp): Promise<string> {
  if (form.test(given.trim())) return given.trim()
  return (
    await readFile(given, 'utf8').catch(cannotRead(what, ' that was given: neither itself nor a file'))
  ).trim()
}

function fileText(what: string, path: string): Promise<string> {
  return readFile(path, 'utf8').catch(cannotRead(what, ` ${path}`))
}

/** A mistyped seed is a secret all the same: it is not repeated. */
function cannotRead(what: string, detail: string): (cause: unknown) => never {
  return (cause) => {
    throw new WeftError('invalid', `cannot read ${what}${detail}`, { cause })
  }
}
