/** A manifest of one component with these traits, in YAML; they begin on line 10. */
export function manifestWithTraits(traits: string, type = 'component') {
  return `apiVersion: core.oam.dev/v1beta1
kind: Application
metadata: { name: a, annotations: { version: v1 } }
spec:
  components:
    - name: c
      type: ${type}
      properties: { image: file:///c.wasm }
      traits:
${traits}
`
}
