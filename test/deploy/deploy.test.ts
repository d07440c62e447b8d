import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, test } from 'node:test'
import { parse, parseAllDocuments } from 'yaml'
import { command as host } from '../../src/cli/host.ts'
import { parseManifest } from '../../src/manifest/parse-manifest.ts'
import { root } from '../support/weft.ts'

const deploy = join(root, 'deploy')
const read = (path: string) => readFileSync(join(deploy, path), 'utf8')

interface Service {
  readonly image?: string
  readonly build?: object
  readonly command?: readonly string[]
  readonly ports?: readonly string[]
  readonly volumes?: readonly string[]
  readonly depends_on?: readonly string[]
}
interface Compose {
  readonly services: Readonly<Record<string, Service>>
  readonly volumes: Readonly<Record<string, unknown>>
}

for (const file of ['compose.yaml', 'otel/compose.yaml']) {
  describe(`deploy/${file}`, () => {
    const compose = parse(read(file), { merge: true }) as Compose
    const services = Object.entries(compose.services)

    test('pins every image that it does not build', () => {
      const loose = services.filter(([, { image = '', build }]) => !build && !/:v?\d+\.\d+/.test(image))
      assert.deepEqual(loose, [])
    })

    test('opens ports on the loopback alone', () => {
      const open = services
        .flatMap(([, { ports = [] }]) => ports)
        .filter((port) => !port.startsWith('127.0.0.1:'))
      assert.deepEqual(open, [])
    })

    test('names files, volumes and services that there are', () => {
      for (const [name, { volumes = [], depends_on = [] }] of services) {
        for (const volume of volumes) {
          const [from = ''] = volume.split(':')
          const isThere = from.startsWith('.')
            ? existsSync(join(deploy, dirname(file), from))
            : Object.hasOwn(compose.volumes, from)
          assert.ok(isThere, `${name} has ${volume}`)
        }
        for (const other of depends_on) assert.ok(compose.services[other], `${name} depends on ${other}`)
      }
    })
  })
}

test('hosts are started with flags that there are', () => {
  const { services } = parse(read('compose.yaml'), { merge: true }) as Compose
  const [, deployment] = [read('kubernetes/nats.yaml'), read('kubernetes/weft.yaml')]
  const commands = [
    ...Object.values(services).map(({ command = [] }) => command.join(' ')),
    ...deployment.matchAll(/args: \["(host".*)\]/g).map(([, args = '']) => args),
    ...read('systemd/weft.service')
      .matchAll(/ExecStart=.* weft (host .*)/g)
      .map(([, args = '']) => args),
  ].filter((command) => command.startsWith('host'))
  assert.equal(commands.length, 5)
  for (const command of commands)
    for (const [, flag = ''] of command.matchAll(/--([a-z-]+)/g))
      assert.ok(Object.hasOwn(host.flags, flag), `weft host --${flag}`)
})

test('the Kubernetes files parse, and their images are pinned', () => {
  for (const file of ['kubernetes/nats.yaml', 'kubernetes/weft.yaml']) {
    const documents = parseAllDocuments(read(file))
    for (const document of documents) {
      assert.deepEqual(document.errors, [])
      const { apiVersion, kind } = document.toJS() as Record<string, unknown>
      assert.ok(apiVersion && kind, file)
    }
    for (const [, image = ''] of read(file).matchAll(/image: (\S+)/g)) assert.match(image, /:\d+\.\d+/)
  }
})

test('the application is a good manifest', () => {
  const { components } = parseManifest(read('app.yaml'), 'app.yaml')
  const [image] = components.flatMap(({ from }) =>
    'image' in from && from.image.startsWith('file:') ? [from.image] : [],
  )
  assert.equal(image, 'file:///weft/manifests/hello/hello.wasm')
  assert.match(read('Dockerfile'), /COPY --from=build \/weft\/manifests \.\/manifests/)
})

test('the collector sends each signal to a service of the stack', () => {
  const { services } = parse(read('otel/compose.yaml')) as Compose
  const collector = parse(read('otel/collector.yaml')) as {
    readonly receivers: object
    readonly processors: object
    readonly exporters: Record<string, { readonly endpoint: string }>
    readonly service: { readonly pipelines: Record<string, Record<string, readonly string[]>> }
  }
  assert.deepEqual(Object.keys(collector.service.pipelines), ['traces', 'metrics', 'logs'])
  for (const pipeline of Object.values(collector.service.pipelines)) {
    for (const [part, names] of Object.entries(pipeline))
      for (const name of names)
        assert.ok(Object.hasOwn(collector[part as 'receivers'], name), `${part} ${name}`)
  }
  for (const { endpoint } of Object.values(collector.exporters)) {
    const name = /^(?:http:\/\/)?([a-z]+):/.exec(endpoint)?.[1] ?? ''
    assert.ok(Object.hasOwn(services, name), endpoint)
  }
})

interface Dashboard {
  readonly panels: readonly {
    readonly datasource?: { readonly uid: string }
    readonly targets?: readonly {
      readonly datasource?: { readonly uid: string }
      readonly expr?: string
      readonly query?: string
    }[]
  }[]
}

describe('a dashboard', () => {
  const metrics = readFileSync(join(root, 'src/telemetry/METRICS.md'), 'utf8')
  const known = new Map(
    metrics
      .split('\n')
      .map((line) => line.split('|').map((cell) => cell.trim().replaceAll('`', '')))
      .filter((cells) => cells.length > 6 && cells[2]?.includes('_'))
      .map((cells) => [
        cells[2] ?? '',
        { kind: cells[3], labels: (cells[5] ?? '').replaceAll('.', '_').split(' ') },
      ]),
  )
  const queriesOf = (name: string) => {
    const { panels } = JSON.parse(read(`otel/grafana/dashboards/${name}.json`)) as Dashboard
    assert.ok(panels.length > 8)
    return panels.flatMap(({ datasource, targets = [] }) =>
      targets.flatMap((target) => ({
        store: target.datasource?.uid ?? datasource?.uid,
        query: target.expr ?? target.query ?? '',
      })),
    )
  }
  for (const name of ['lattice', 'component', 'host']) {
    test(`${name} asks for metrics and labels that Weft emits`, () => {
      const asked = queriesOf(name).filter(({ store }) => store === 'prometheus')
      assert.ok(asked.length > 5)
      for (const { query } of asked) {
        const metrics = [...query.matchAll(/\b((?:weft|nodejs|process|v8js)_[a-z0-9_]+)/g)].map(
          ([, metric = '']) => metric,
        )
        assert.ok(metrics.length > 0, query)
        const labels = metrics.flatMap((metric) => {
          const plain = known.get(metric.replace(/_(bucket|count|sum)$/, ''))
          const found = known.get(metric) ?? (plain?.kind === 'histogram' ? plain : undefined)
          return found?.labels ?? assert.fail(`${metric} is in METRICS.md`)
        })
        const used = [
          ...[...query.matchAll(/by \(([^)]*)\)/g)].flatMap(([, list = '']) => list.split(', ')),
          ...[...query.matchAll(/[{,](\w+)[!=]/g)].map(([, label = '']) => label),
        ]
        for (const label of used)
          assert.ok([...labels, 'instance', 'le'].includes(label), `${label} is a label in ${query}`)
      }
    })

    // Hosts export every 60 s unless they are told otherwise: a rate over one minute would have one point, and be empty.
    test(`${name} asks for rates over several exports`, () => {
      const ranges = [...read(`otel/grafana/dashboards/${name}.json`).matchAll(/\[([^\]"]+)\]\)/g)]
      assert.ok(ranges.length > 1)
      for (const [, range] of ranges) assert.match(String(range), /^(\$__rate_interval|\d{2,}m|[5-9]m)$/)
      assert.match(read('otel/grafana/provisioning/datasources/weft.yaml'), /timeInterval: 60s/)
    })
  }

  test('component finds traces and log of one whose manifest names its service otherwise', () => {
    const own = queriesOf('component').filter(({ store }) => store !== 'prometheus')
    assert.deepEqual(own.map(({ store }) => store).toSorted(), ['loki', 'tempo'])
    for (const { query } of own) assert.match(query, /weft[._]component[._]id *= *"\$component"/)
  })

  test('and the data sources refer to data sources that there are, at services of the stack', () => {
    const text = read('otel/grafana/provisioning/datasources/weft.yaml')
    const { datasources } = parse(text) as {
      readonly datasources: readonly { readonly uid: string; readonly url: string }[]
    }
    const uids = datasources.map(({ uid }) => uid)
    assert.deepEqual(uids.toSorted(), ['loki', 'prometheus', 'tempo'])
    const { services } = parse(read('otel/compose.yaml')) as Compose
    for (const { url } of datasources) assert.ok(Object.hasOwn(services, new URL(url).hostname), url)
    // Exemplars → traces, traces → logs, metrics and service graph, logs → traces.
    const referred = [...text.matchAll(/datasourceUid: (\S+)/g)].map(([, uid = '']) => uid)
    assert.deepEqual(referred, ['tempo', 'prometheus', 'loki', 'prometheus', 'tempo'])
    for (const name of ['lattice', 'component', 'host'])
      for (const { store = '' } of queriesOf(name)) assert.ok(uids.includes(store), `${name}: ${store}`)
  })
})
