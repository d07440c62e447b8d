/**
 * The URL of a module beside `from`, for a worker thread: `.ts` when the sources run as they are, `.js` when built.
 * (The compiler rewrites import specifiers, not strings.)
 */
export function sibling(from: string, name: string): URL {
  return new URL(`./${name}${from.endsWith('.ts') ? '.ts' : '.js'}`, from)
}
