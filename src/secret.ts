/**
 * A secret's value, text or bytes, as a guest and a provider get it. It is plain data, so that it can go to a data thread;
 * nothing may put it into a log, an event, a span or a bucket.
 */
export type SecretValue =
  | { readonly tag: 'string'; readonly val: string }
  | { readonly tag: 'bytes'; readonly val: Uint8Array }

/** Secrets by the name of their reference. */
export type Secrets = Readonly<Record<string, SecretValue>>

/** References to secrets are config whose names begin so: hosts know them by this alone. */
export const secretPrefix = 'SECRET'

/** True for the name of a config that is a reference to a secret. */
export function isSecretName(name: string): boolean {
  return name.startsWith(secretPrefix)
}
