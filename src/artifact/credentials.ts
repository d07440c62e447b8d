import { readFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { WeftError } from '../errors.ts'

/** How to log in to one registry. */
export type Credential =
  | { readonly username: string; readonly password: string }
  /** A bearer token that is sent as it is. */
  | { readonly token: string }

/** Credentials by registry host, with its port when it has one. */
export type Credentials = Readonly<Record<string, Credential>>

/** What Docker writes for its own registry in its file. */
const dockerHubKey = 'https://index.docker.io/v1/'

/**
 * Reads what `registry.put` and the config service send: `{"ghcr.io":{"username","password","registryType"}}`. User and
 * password, or a token alone; any other mix means no login, as on Rust hosts, and so does a registry that is not OCI.
 */
export function credentialsFrom(given: Readonly<Record<string, unknown>>): Credentials {
  return Object.fromEntries(
    Object.entries(given).flatMap(([registry, value]) => {
      const credential = credentialFrom(value)
      return credential ? [[registry, credential] as const] : []
    }),
  )
}

/** The logins that `docker login` has stored, by registry; nothing when there is no such file. */
export async function dockerCredentials(
  env: Readonly<Record<string, string | undefined>>,
): Promise<Credentials> {
  const path = join(env['DOCKER_CONFIG'] || join(env['HOME'] || homedir(), '.docker'), 'config.json')
  const text = await readFile(path, 'utf8').catch(() => undefined)
  if (text === undefined) return {}
  const auths = authsIn(path, text)
  return Object.fromEntries(
    Object.entries(auths).flatMap(([key, value]) => {
      const credential = dockerCredential(value)
      const host = key === dockerHubKey ? 'docker.io' : key.replace(/^https?:\/\//, '').replace(/\/.*$/, '')
      return credential ? [[host, credential] as const] : []
    }),
  )
}

function credentialFrom(value: unknown): Credential | undefined {
  if (!isObject(value)) return undefined
  const { username, password, token } = value
  const type = value['registryType'] ?? 'oci'
  if (type !== 'oci') return undefined
  if (typeof username === 'string' && typeof password === 'string') return { username, password }
  const isTokenAlone = typeof username !== 'string' && typeof password !== 'string'
  return typeof token === 'string' && isTokenAlone ? { token } : undefined
}

function authsIn(path: string, text: string): Readonly<Record<string, unknown>> {
  try {
    const config: unknown = JSON.parse(text)
    const auths = isObject(config) ? config['auths'] : undefined
    return isObject(auths) ? auths : {}
  } catch (cause) {
    throw new WeftError('invalid', `${path} is not JSON: repair it, or log in again with docker login`, {
      cause,
    })
  }
}

function dockerCredential(value: unknown): Credential | undefined {
  if (!isObject(value)) return undefined
  const { auth, registrytoken } = value
  if (typeof registrytoken === 'string' && registrytoken !== '') return { token: registrytoken }
  if (typeof auth !== 'string') return undefined
  const [username = '', ...password] = Buffer.from(auth, 'base64').toString().split(':')
  return username === '' ? undefined : { username, password: password.join(':') }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
