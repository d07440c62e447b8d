/**
 * The manifest of the chain with its HTTP server and gateway on hosts with `role=entry`, and one instance of the greeter on
 * hosts with `role=work`.
 */
export function chainOnRoles(text: string): string {
  const on = (role: string) => `instances: 1
            spread: [{ name: ${role}, requirements: { role: ${role} } }]`
  const [http = '', gateway = '', greeterPart = ''] = text.split(/(?=- name: gateway\n|- name: greeter\n)/)
  return [
    http.replace('instances: 1', on('entry')),
    gateway.replace('instances: 10', on('entry').replace('instances: 1', 'instances: 100')),
    greeterPart.replace('instances: 10', on('work')),
  ].join('')
}
