/** The text of a manifest with one of its components pinned to the hosts with a label, such as `zone: eu`. */
export function pinComponent(manifest: string, component: string, label: string): string {
  const at = manifest.indexOf(`    - name: ${component}\n`)
  if (at < 0) throw new Error(`the manifest has no component ${component}`)
  const spread = `            spread: [{ name: there, requirements: { ${label} } }]\n`
  const pinned = manifest.slice(at).replace(/instances: \d+\n/, (found) => found + spread)
  return manifest.slice(0, at) + pinned
}
