import assert from 'node:assert/strict'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { type OtlpReceiver, startOtlpReceiver } from '../support/otlp-receiver.ts'
import { pinComponent } from '../support/pin-component.ts'
import { until } from '../support/until.ts'
import { freePort, openWorkplace, root } from '../support/weft.ts'
import { findPeer } from './find-peer.ts'
import { type Running, runProgram, startProgram } from './run-program.ts'
import { textAt } from './text-at.ts'

const collector = findPeer('otelcol-weft', 'build it with `node test/conformance/build.ts collector`')
const prometheus = findPeer('prometheus', 'build it with `node test/conformance/build.ts prometheus`')
const skip = collector.skip || prometheus.skip
const deploy = join(root, 'deploy/otel')
/** How many calls trap. */
const traps = 3
/** The components that calls go to. */
const asked = ['hello-hello', 'chain-gateway']
const traceId = '0af7651916cd43dd8448eb211c80319c'

/** One series of an answer of Prometheus. */
interface Series {
  readonly metric: Readonly<Record<string, string>>
  readonly value?: readonly [number, string]
}

/**
 * deploy/otel with a real collector and a real Prometheus on free ports. Another collector stands where Tempo is, and
 * turns what came by gRPC into JSON for a receiver; the receiver itself stands where Loki is.
 */
describe("deploy/otel's collector and Prometheus take what Weft sends", { skip }, () => {
  let place: Awaited<ReturnType<typeof openWorkplace>>
  let receiver: OtlpReceiver
  let host: string
  let store: string
  let urls: readonly string[]
  const programs: Running[] = []

  before(async () => {
    place = await openWorkplace()
    receiver = await startOtlpReceiver()
    const [tempo, otlp, grpc, http] = [await freePort(), await freePort(), await freePort(), await freePort()]
    store = `http://127.0.0.1:${http}`
    const start = async (path: string, args: readonly string[], ready: RegExp) => {
      const program = startProgram(path, args, place.env)
      programs.push(program)
      await program.seen(ready)
    }
    await start(
      prometheus.path,
      [
        ...(await prometheusFlags()),
        `--storage.tsdb.path=${join(place.folder, 'tsdb')}`,
        `--web.listen-address=127.0.0.1:${http}`,
      ],
      /Server is ready/,
    )
    const files = await writeConfigs({
      folder: place.folder,
      tempo,
      otlp,
      grpc,
      store,
      receiver: receiver.url,
    })
    await start(collector.path, ['--config', files.tempo], /Everything is ready/)
    await start(
      collector.path,
      ['--config', join(deploy, 'collector.yaml'), '--config', files.ports],
      /Everything is ready/,
    )
    const hello = await place.manifest('manifests/hello/app.yaml')
    const chain = await place.manifest('manifests/chain/app.yaml', (text) =>
      // Calls of the greeter cross to the other host.
      ['http eu', 'gateway eu', 'greeter us'].reduce((changed, pin) => {
        const [component = '', zone] = pin.split(' ')
        return pinComponent(changed, component, `zone: ${zone}`)
      }, text),
    )
    const trap = await place.manifest('manifests/hello/app.yaml', (text) => trapManifest(text))
    const env = {
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${otlp}`,
      OTEL_METRIC_EXPORT_INTERVAL: '1000',
    }
    const up = place.start(
      ['up', '--port', '0', '--threads', '2', '--label', 'zone=eu', hello.path, trap.path],
      env,
    )
    await up.seen(/weft is up/)
    const other = place.start(['host', '--threads', '1', '--label', 'zone=us'], env)
    await other.seen(/has joined lattice default/)
    const deployed = await place.run(['app', 'deploy', chain.path])
    assert.equal(deployed.code, 0, deployed.err)
    host = String(/host +\S+ \((N[A-Z0-9]+)\)/.exec(up.output())?.[1])
    for (let call = 0; call < traps; call++) await fetch(`${trap.url}/trap`)
    await until(() => textAt(`${chain.url}/?name=Ada`), { timeoutMs: 30_000 })
    const headers = { traceparent: `00-${traceId}-b7ad6b7169203331-01` }
    await fetch(`${chain.url}/?name=Ada`, { headers })
    urls = [hello.url, `${chain.url}/?name=Bob`]
  })
  after(async () => {
    await place?.close()
    for (const program of programs.reverse()) await program.stop()
    await receiver?.stop()
  })

  const ask = async (path: string, params: Record<string, string>) => {
    const answer = await fetch(`${store}/api/v1/${path}?${new URLSearchParams(params)}`)
    return (await answer.json()) as { status: string; error?: string; data: unknown }
  }
  const query = async (expr: string): Promise<readonly Series[]> => {
    const { status, error, data } = await ask('query', { query: expr })
    assert.equal(status, 'success', `${expr}: ${error}`)
    return (data as { result: readonly Series[] }).result
  }

  /** As Grafana fills in its variables, with the data source's `timeInterval` of 60 s. */
  const filledIn = (expr: string, component: string) =>
    expr.replaceAll('$component', component).replaceAll('$host', host).replaceAll('$__rate_interval', '4m')

  /** The queries that give no number now. */
  const emptyPanels = async () => {
    const empty = new Set<string>()
    for (const { title, expr } of await dashboardQueries())
      for (const component of expr.includes('$component') ? asked : ['']) {
        const found = await query(filledIn(expr, component))
        if (!found.some(({ value }) => Number.isFinite(Number(value?.[1])))) empty.add(`${title}: ${expr}`)
      }
    return [...empty]
  }

  test('the collector finds nothing wrong with its configuration', async () => {
    const ran = await runProgram(collector.path, ['validate', '--config', join(deploy, 'collector.yaml')])
    assert.equal(ran.code, 0, ran.err)
  })

  test('every query of the dashboards is understood, and those of what has happened give numbers', async () => {
    // What does not happen in this run.
    const rare =
      /queue_wait|limit_hits|guest_traps|reason\) \(clamp_min\(weft_telemetry_dropped|nats_reconnects|start="cold"/
    let empty: string[] = []
    await until(
      async () => {
        for (let call = 0; call < 20; call++) await Promise.all(urls.map(textAt))
        empty = (await emptyPanels()).filter((line) => !rare.test(line))
        return empty.length === 0
      },
      { timeoutMs: 60_000 },
    ).catch(() => assert.deepEqual(empty, []))
  })

  test('what happens for the first time is counted: traps and failures, from their first on', async () => {
    const queries = await dashboardQueries()
    const number = async (title: string, metric: string) => {
      const expr = queries.find((one) => one.title.startsWith(title) && one.expr.includes(metric))?.expr ?? ''
      return (await query(filledIn(expr, 'trap-hello'))).map(({ metric: labels, value }) => [
        labels,
        value?.[1],
      ])
    }
    assert.deepEqual(await number('Traps and limits', 'guest_traps'), [[{}, String(traps)]])
    assert.deepEqual(
      (await number('Failures in 5 minutes', 'outcome')).filter(
        ([labels]) => Object(labels).component === 'trap-hello',
      ),
      [[{ component: 'trap-hello', outcome: 'trapped' }, String(traps)]],
    )
    const [[, share] = []] = await number('Failing calls', 'outcome')
    assert.ok(Number(share) > 0 && Number(share) < 0.5, String(share))
  })

  test('variables of the dashboards find components and hosts', async () => {
    const values = async (label: string, match: string) =>
      (await ask(`label/${label}/values`, { 'match[]': match })).data as string[]
    const components = await values('component', 'weft_call_duration_seconds_count')
    for (const id of ['hello-hello', 'chain-gateway', 'chain-greeter'])
      assert.ok(components.includes(id), `${id} in ${components}`)
    const hosts = await values('instance', 'process_uptime_seconds')
    assert.deepEqual([hosts.length, hosts.includes(host)], [2, true])
  })

  test('every metric of METRICS.md that there is has the name that it says, and none has another', async () => {
    const { data } = await ask('label/__name__/values', {})
    const known = new Set(
      [
        ...(await readFile(join(root, 'src/telemetry/METRICS.md'), 'utf8')).matchAll(
          /^\| `[^`]+` \| `([^`]+)`/gm,
        ),
      ].map(([, name = '']) => name),
    )
    const plain = (data as string[]).map((name) => name.replace(/_(bucket|count|sum)$/, ''))
    const others = plain.filter((name) => !known.has(name) && name !== 'target_info' && !isOfGuests(name))
    assert.deepEqual([...new Set(others)], [])
    assert.ok(plain.filter((name) => known.has(name)).length > 20)
  })

  test('metrics have the service, application and host as labels, by which Grafana goes from traces to them', async () => {
    const [one] = await query(
      'weft_call_duration_seconds_count{component="chain-greeter",side="server",operation="greet"}',
    )
    const { service_name, service_namespace, service_instance_id, job, instance = '' } = one?.metric ?? {}
    assert.match(instance, /^N[A-Z0-9]{55}$/)
    assert.deepEqual(
      { service_name, service_namespace, service_instance_id, job },
      {
        service_name: 'chain-greeter',
        service_namespace: 'chain',
        service_instance_id: instance,
        job: 'chain/chain-greeter',
      },
    )
  })

  test('histograms carry exemplars with the trace under the name that Grafana looks for', async () => {
    const now = Date.now() / 1000
    const { data } = await ask('query_exemplars', {
      query: 'weft_call_duration_seconds_bucket{component="chain-greeter"}',
      start: String(now - 600),
      end: String(now),
    })
    const labels = (data as { exemplars: { labels: Record<string, string> }[] }[]).flatMap(
      ({ exemplars }) => exemplars,
    )
    assert.ok(labels.length > 0)
    for (const { labels: one } of labels) assert.match(one['trace_id'] ?? '', /^[0-9a-f]{32}$/)
  })

  test('a trace comes out whole at the other end, with the resource of each component', async () => {
    const spans = () => receiver.spans().filter((span) => span.traceId === traceId)
    const services = () => [...new Set(spans().map((span) => String(span.resource['service.name'])))].sort()
    await receiver.until(
      () => services().length > 1 && spans().some((span) => span.parentSpanId === 'b7ad6b7169203331'),
      30_000,
    )
    assert.deepEqual(services(), ['chain-gateway', 'chain-greeter'], 'what the gateway is asked is its own')
    const ids = new Set(spans().map((span) => span.spanId))
    const roots = spans().filter((span) => !ids.has(span.parentSpanId))
    assert.deepEqual(
      roots.map((span) => span.parentSpanId),
      ['b7ad6b7169203331'],
    )
  })

  test('log records come out at the other end, with severity and service', async () => {
    const records = () => logsIn(receiver)
    await receiver.until(() => records().length > 0, 30_000)
    for (const { severityText, service } of records()) {
      assert.match(String(severityText), /^(TRACE|DEBUG|INFO|WARN|ERROR)$/)
      assert.ok(service)
    }
  })
})

/** The manifest of hello with a guest that traps, as an application of its own. */
function trapManifest(hello: string): string {
  const guest = pathToFileURL(join(root, 'test/guests/http-trap-p2/http-trap-p2.wasm')).href
  return hello.replace(/name: hello\n/, 'name: trap\n').replace(/image: \S+hello\.wasm/, `image: ${guest}`)
}

function isOfGuests(name: string): boolean {
  return !/^(weft|nodejs|process|v8js|db|messaging)_/.test(name)
}

/** What compose.yaml starts Prometheus with, its configuration in its place here. */
async function prometheusFlags(): Promise<string[]> {
  const compose = await readFile(join(deploy, 'compose.yaml'), 'utf8')
  const flags = [...compose.matchAll(/- (--(?:web\.enable|enable-feature)\S*)/g)].map(([, flag = '']) => flag)
  assert.ok(flags.includes('--web.enable-otlp-receiver'))
  return [...flags, `--config.file=${join(deploy, 'prometheus.yaml')}`]
}

/** Ports and addresses of this run, to be laid over collector.yaml; and the collector in Tempo's place. */
async function writeConfigs(at: {
  readonly folder: string
  readonly tempo: number
  readonly otlp: number
  readonly grpc: number
  readonly store: string
  readonly receiver: string
}): Promise<{ readonly ports: string; readonly tempo: string }> {
  const quiet = { telemetry: { metrics: { level: 'none' } } }
  const json = { encoding: 'json', compression: 'none' }
  const ports = join(at.folder, 'ports.yaml')
  await writeFile(
    ports,
    JSON.stringify({
      receivers: {
        otlp: {
          protocols: {
            grpc: { endpoint: `127.0.0.1:${at.grpc}` },
            http: { endpoint: `127.0.0.1:${at.otlp}` },
          },
        },
      },
      exporters: {
        'otlp_grpc/tempo': { endpoint: `127.0.0.1:${at.tempo}` },
        'otlp_http/prometheus': { endpoint: `${at.store}/api/v1/otlp` },
        'otlp_http/loki': { endpoint: at.receiver, ...json },
      },
      service: quiet,
    }),
  )
  const tempo = join(at.folder, 'tempo.yaml')
  await writeFile(
    tempo,
    JSON.stringify({
      receivers: { otlp: { protocols: { grpc: { endpoint: `127.0.0.1:${at.tempo}` } } } },
      exporters: { otlp_http: { endpoint: at.receiver, ...json } },
      service: { ...quiet, pipelines: { traces: { receivers: ['otlp'], exporters: ['otlp_http'] } } },
    }),
  )
  return { ports, tempo }
}

interface Panel {
  readonly title: string
  readonly panels?: readonly Panel[]
  readonly targets?: readonly { readonly expr?: string; readonly datasource?: { readonly type: string } }[]
}

/** The PromQL of all panels of all dashboards. */
async function dashboardQueries(): Promise<{ readonly title: string; readonly expr: string }[]> {
  const folder = join(deploy, 'grafana/dashboards')
  const files = await Promise.all((await readdir(folder)).map((name) => readFile(join(folder, name), 'utf8')))
  const queriesOf = ({ title, panels = [], targets = [] }: Panel): { title: string; expr: string }[] => [
    ...targets.flatMap(({ expr, datasource }) =>
      expr && datasource?.type === 'prometheus' ? [{ title, expr }] : [],
    ),
    ...panels.flatMap(queriesOf),
  ]
  const found = files.flatMap((text) => queriesOf(JSON.parse(text) as Panel))
  assert.ok(found.length > 35, `${found.length} queries`)
  return found
}

function logsIn(receiver: OtlpReceiver): { readonly severityText: unknown; readonly service: unknown }[] {
  interface Logs {
    readonly resourceLogs: readonly {
      readonly resource: { readonly attributes: readonly { key: string; value: { stringValue?: string } }[] }
      readonly scopeLogs: readonly { readonly logRecords: readonly { readonly severityText?: string }[] }[]
    }[]
  }
  return receiver.requests
    .filter(({ path }) => path === '/v1/logs')
    .flatMap(({ body }) => (body as Logs).resourceLogs)
    .flatMap(({ resource, scopeLogs }) =>
      scopeLogs.flatMap(({ logRecords }) =>
        logRecords.map(({ severityText }) => ({
          severityText,
          service: resource.attributes.find(({ key }) => key === 'service.name')?.value.stringValue,
        })),
      ),
    )
}
