// The first four are the semantic conventions' list for url.query; the rest are what people put into URLs as well.
const secretKeys = new Set(
  (
    'awsaccesskeyid signature sig x-goog-signature x-amz-signature x-amz-security-token x-amz-credential ' +
    'access_token id_token refresh_token token api_key apikey key password passwd secret client_secret code auth ' +
    'authorization jwt session sessionid session_id'
  ).split(' '),
)

/** Replaces the values of query parameters that are likely secrets by `REDACTED`; the rest stays as it came. */
export function scrubQuery(query: string): string {
  if (!query.includes('=')) return query
  return query
    .split('&')
    .map((pair) => {
      const equals = pair.indexOf('=')
      if (equals < 0 || !secretKeys.has(decodedKey(pair.slice(0, equals)))) return pair
      return `${pair.slice(0, equals)}=REDACTED`
    })
    .join('&')
}

function decodedKey(key: string): string {
  try {
    return decodeURIComponent(key).toLowerCase()
  } catch {
    return key.toLowerCase()
  }
}
