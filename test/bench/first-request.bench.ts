import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { Agent, request } from 'node:http'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { freePort, openWorkplace, root } from '../support/weft.ts'
import { type Bench, below, quantile } from './bench.ts'

const guest = 'test/guests/http-hello-p2/http-hello-p2.wasm'
const components = 41

/** Many components, each with code of its own, behind one port: the first is asked before, so that HTTP itself is warm. */
const firstRequest: Bench = {
  name: 'first-request',
  async run() {
    const place = await openWorkplace()
    const agent = new Agent({ keepAlive: true })
    try {
      const port = await freePort()
      const bytes = await readFile(join(root, guest))
      await mkdir(join(place.folder, 'copies'))
      const images = Array.from({ length: components }, (_, copy) =>
        join(place.folder, 'copies', `${copy}.wasm`),
      )
      for (const [copy, path] of images.entries()) await writeFile(path, distinct(bytes, copy))
      const manifest = join(place.folder, 'many.json')
      await writeFile(manifest, JSON.stringify(manifestOf(images, port)))
      const up = place.start(['up', '--port', '0', '--ephemeral', '--threads', '1', manifest])
      await up.seen(/weft is up/)
      for (let warm = 0; warm < 200; warm += 1) await get({ port, host: 'guest-0', agent })
      const taken: number[] = []
      for (let copy = 1; copy < components; copy += 1) {
        const start = performance.now()
        await get({ port, host: `guest-${copy}`, agent })
        taken.push(performance.now() - start)
      }
      return [below(5, { bench: 'first-request', value: quantile(taken, 0.5), unit: 'ms p50' })]
    } finally {
      agent.destroy()
      await place.close()
    }
  },
}

export const benches: readonly Bench[] = [firstRequest]

function get({
  host,
  ...options
}: {
  readonly port: number
  readonly host: string
  readonly agent: Agent
}): Promise<void> {
  return new Promise((resolve, reject) => {
    const sent = request({ ...options, host: '127.0.0.1', headers: { host } }, (answer) => {
      answer.resume()
      answer.once('end', () =>
        answer.statusCode === 200 ? resolve() : reject(new Error(`answered with ${answer.statusCode}`)),
      )
    })
    sent.once('error', reject)
    sent.end()
  })
}

/** The same component with a custom section that says which copy it is. */
function distinct(bytes: Uint8Array, copy: number): Uint8Array {
  const name = Buffer.from(`copy-${copy}`)
  return Buffer.concat([bytes, Buffer.from([0, name.length + 1, name.length]), name])
}

function manifestOf(images: readonly string[], port: number): object {
  const links = images.map((_, copy) => ({
    type: 'link',
    properties: {
      name: `to-${copy}`,
      namespace: 'wasi',
      package: 'http',
      interfaces: ['incoming-handler'],
      source: { config: [{ name: `host-${copy}`, properties: { host: `guest-${copy}` } }] },
      target: { name: `guest-${copy}` },
    },
  }))
  const routing = { routing_mode: 'host', default_address: `127.0.0.1:${port}` }
  return {
    apiVersion: 'core.oam.dev/v1beta1',
    kind: 'Application',
    metadata: { name: 'many', annotations: { description: 'many components' } },
    spec: {
      components: [
        {
          name: 'http',
          type: 'capability',
          properties: {
            image: 'wasmcloud+builtin://http-server',
            config: [{ name: 'routing', properties: routing }],
          },
          traits: [{ type: 'spreadscaler', properties: { instances: 1 } }, ...links],
        },
        ...images.map((image, copy) => ({
          name: `guest-${copy}`,
          type: 'component',
          properties: { image: pathToFileURL(image).href },
          traits: [{ type: 'spreadscaler', properties: { instances: 10 } }],
        })),
      ],
    },
  }
}
