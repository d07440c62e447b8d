/** All that a config says, as text; the order of its properties says nothing. */
export function contentOf(properties: Readonly<Record<string, string>>): string {
  return JSON.stringify(Object.entries(properties).toSorted(([a], [b]) => (a < b ? -1 : 1)))
}
