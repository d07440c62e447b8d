import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { freePort, openWorkplace, root } from '../support/weft.ts'

const guests = [
  { name: 'good-p2', guest: 'http-hello-p2' },
  { name: 'good-p3', guest: 'http-hello-p3' },
  { name: 'bad', guest: 'http-trap-p2', limits: { memory: '64MiB', time: '1s' } },
] as const

/** `weft up` with two good components and one that may do anything, each behind a port of its own. */
export async function serveApps(): Promise<{
  readonly good: readonly string[]
  readonly bad: string
  readonly pid: number
  close(): Promise<void>
}> {
  const place = await openWorkplace()
  const ports = await Promise.all(guests.map(() => freePort()))
  const manifest = join(place.folder, 'soak.json')
  await writeFile(manifest, JSON.stringify(manifestOf(ports)))
  const up = place.start(['up', '--port', '0', '--ephemeral', '--threads', '2', manifest])
  await up.seen(/weft is up/)
  const url = (index: number) => `http://127.0.0.1:${ports[index]}`
  return { good: [`${url(0)}/`, `${url(1)}/`], bad: url(2), pid: up.pid, close: () => place.close() }
}

function manifestOf(ports: readonly number[]): object {
  const spread = (instances: number) => ({ type: 'spreadscaler', properties: { instances } })
  const links = guests.map(({ name }, index) => ({
    type: 'link',
    properties: {
      name,
      namespace: 'wasi',
      package: 'http',
      interfaces: ['incoming-handler'],
      source: { config: [{ name: `at-${name}`, properties: { address: `127.0.0.1:${ports[index]}` } }] },
      target: { name },
    },
  }))
  return {
    apiVersion: 'core.oam.dev/v1beta1',
    kind: 'Application',
    metadata: { name: 'soak', annotations: { description: 'two good components and a bad one' } },
    spec: {
      components: [
        {
          name: 'http',
          type: 'capability',
          properties: { image: 'wasmcloud+builtin://http-server' },
          traits: [spread(1), ...links],
        },
        ...guests.map((one) => ({
          name: one.name,
          type: 'component',
          properties: {
            image: pathToFileURL(join(root, 'test/guests', one.guest, `${one.guest}.wasm`)).href,
          },
          traits: [spread(20), ...('limits' in one ? [{ type: 'limits', properties: one.limits }] : [])],
        })),
      ],
    },
  }
}
