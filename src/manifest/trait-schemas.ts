import { otlpProtocols, volumeAccesses } from '../component-settings.ts'
import type { JsonObject } from './json.ts'
import { networkEntries } from './read-network.ts'
import {
  countSchema,
  fieldsSchema,
  listSchema,
  nameSchema,
  refer,
  textSchema,
  textsSchema,
} from './schema-parts.ts'

const size = (description: string) =>
  textSchema(description, { pattern: '^\\d+(\\.\\d+)? ?(B|kB|MB|GB|KiB|MiB|GiB)$', examples: ['64MiB'] })
const time = (description: string) =>
  textSchema(description, { pattern: '^\\d+(\\.\\d+)? ?(ms|s|m|h)$', examples: ['30s', '500ms'] })

/** As `read-link.ts` has it. */
const witName = '^%?[A-Za-z][A-Za-z0-9]*(-[A-Za-z0-9]+)*$'

/** Parts that several traits refer to. */
export const traitDefinitions: Readonly<Record<string, JsonObject>> = {
  config: fieldsSchema('A named config.', {
    required: ['name'],
    fields: {
      name: nameSchema('Its name; with properties it is stored as {application}-{name}.'),
      properties: textsSchema('What it holds. Without, a config of this very name must be there already.'),
    },
    others: 'refused',
  }),
  secret: fieldsSchema('A secret that may be read; its value stands at a backend.', {
    required: ['name', 'properties'],
    fields: {
      name: nameSchema('What the component or provider calls it.'),
      properties: fieldsSchema('Where its value is.', {
        required: ['policy', 'key'],
        fields: {
          policy: nameSchema('Name of an entry in spec.policies, which names the backend.'),
          key: nameSchema('The key at the backend.'),
          field: textSchema('A field of the value.'),
          version: textSchema('Its version; default the newest.'),
        },
        others: 'ignored',
      }),
    },
    others: 'ignored',
  }),
  spread: fieldsSchema('A part of the instances, for hosts with these labels.', {
    required: ['name', 'requirements'],
    fields: {
      name: nameSchema('A name of its own.'),
      requirements: textsSchema('Labels that a host must have, such as zone: eu.'),
      weight: countSchema('Its share, by the sum of all weights.', {
        type: ['integer', 'null'],
        default: 100,
      }),
    },
    others: 'refused',
  }),
}

const configs = (description: string) => listSchema(description, refer('config'))
const secrets = (description: string) => listSchema(description, refer('secret'))

const mostInstances = 4_294_967_295
const scaler = (description: string, instances: string) => ({
  ...fieldsSchema(description, {
    fields: {
      instances: countSchema(instances, { maximum: mostInstances }),
      replicas: countSchema('The old name of "instances".', { maximum: mostInstances, deprecated: true }),
      spread: listSchema('Parts for hosts with certain labels; default one for all hosts.', refer('spread')),
    },
    others: 'refused',
  }),
  oneOf: [{ required: ['instances'] }, { required: ['replicas'] }],
})

const link = fieldsSchema(
  'A link to another component of this manifest, for some interfaces of one package.',
  {
    required: ['namespace', 'package', 'interfaces', 'target'],
    fields: {
      name: textSchema('Name of the link; one more link for the same interface needs another.', {
        default: 'default',
      }),
      namespace: nameSchema('Namespace of the WIT package.', { pattern: witName, examples: ['wasi'] }),
      package: nameSchema('The WIT package.', {
        pattern: witName,
        examples: ['keyvalue', 'http', 'messaging', 'blobstore'],
      }),
      interfaces: {
        description: 'Interfaces of the package.',
        type: 'array',
        minItems: 1,
        items: { type: 'string', pattern: witName },
        examples: [['store', 'atomics'], ['incoming-handler']],
      },
      source: fieldsSchema('What the source of the link gets to know.', {
        fields: { config: configs('Configs for the source.'), secrets: secrets('Secrets for the source.') },
        others: 'ignored',
      }),
      target: {
        description: 'The component or provider that it goes to.',
        anyOf: [
          fieldsSchema('The component or provider that it goes to.', {
            required: ['name'],
            fields: {
              name: nameSchema('Name of a component of this manifest.'),
              config: configs('Configs for the target.'),
              secrets: secrets('Secrets for the target.'),
            },
            others: 'ignored',
          }),
          nameSchema('The older spelling: the name alone.'),
        ],
      },
      source_config: { ...configs('The older spelling of source.config.'), deprecated: true },
      target_config: { ...configs('The older spelling of target.config.'), deprecated: true },
    },
    others: 'ignored',
  },
)

const limits = fieldsSchema('What one component may use; what is left out has a default of the host.', {
  fields: {
    memory: size('Linear memory of one instance; growth beyond fails inside the guest.'),
    time: time('Time of one invocation, its waits included.'),
    tableElements: countSchema('Elements of all tables of one instance.', { minimum: 1 }),
    handles: countSchema('Handles that one instance holds open.', { minimum: 1 }),
    buffered: size('One list or string that crosses its border, and a body that waits to be read.'),
    request: size('One request body.'),
    queue: countSchema('Calls that may wait for an instance on one data thread.'),
    queueTime: time('How long a call may wait for an instance.'),
  },
  others: 'refused',
})

const reuse = fieldsSchema('Instances keep their state; without it each invocation sees a fresh one.', {
  required: ['invocations'],
  fields: {
    invocations: countSchema('Invocations that one instance may serve.', { minimum: 1 }),
    concurrent: countSchema('Of them at once, for WASI 0.3.', { minimum: 1, default: 1 }),
  },
  others: 'refused',
})

const telemetry = fieldsSchema('How the component appears in telemetry, and where its telemetry goes.', {
  fields: {
    serviceName: textSchema('service.name; default the id.'),
    serviceNamespace: textSchema('service.namespace; default the application.'),
    serviceVersion: textSchema('service.version; default the image.'),
    attributes: textsSchema('Further resource attributes.'),
    endpoint: textSchema('An OTLP collector of its own.', {
      pattern: '^https?:',
      examples: ['http://collector:4318'],
    }),
    protocol: textSchema('What the collector takes.', { enum: otlpProtocols }),
  },
  others: 'refused',
})

const cli = fieldsSchema('Arguments and environment variables that the component finds.', {
  fields: {
    args: listSchema('Its arguments, after its own name.', { type: 'string' }),
    env: textsSchema('Environment variables.'),
  },
  others: 'refused',
})

const placement = fieldsSchema('How its instances lie on the hosts that its scaler allows.', {
  fields: {
    domain: textSchema('Label of hosts whose values are failure domains.', { default: 'zone' }),
    perHost: countSchema('Instances that a host should have before another one is used.', {
      minimum: 1,
      default: 1,
    }),
  },
  others: 'refused',
})

const aboveZero = (description: string, more: JsonObject = {}): JsonObject => {
  return { description, type: 'number', exclusiveMinimum: 0, ...more }
}

const autoscaler = fieldsSchema('The number of instances follows the load.', {
  required: ['max'],
  fields: {
    min: countSchema('The fewest, over all hosts; with 0 it sleeps when nobody calls it.', { default: 1 }),
    max: countSchema('The most, over all hosts.', { minimum: 1, maximum: mostInstances - 1 }),
    target: fieldsSchema('What one instance is to carry; the one that asks for most instances counts.', {
      fields: {
        inFlight: aboveZero('Calls in flight or waiting.', { default: 0.75 }),
        requestsPerSecond: aboveZero('Requests per second.'),
        metric: fieldsSchema('A number that is published on weft.metric.{lattice}.{name}.', {
          required: ['name', 'value'],
          fields: {
            name: nameSchema('Its name.', { pattern: '^[\\w-]+$', examples: ['orders-waiting'] }),
            value: aboveZero('What one instance is to carry of it.'),
          },
          others: 'refused',
        }),
      },
      others: 'refused',
    }),
    upAfter: time('Load must ask for more so long; default at once.'),
    downAfter: time('Load must ask for less so long; default 30s.'),
    idleAfter: time('With a min of 0: nobody calls it so long before it sleeps; default 1m.'),
  },
  others: 'refused',
})

const volumes = fieldsSchema('Directories of the host that the component may use.', {
  required: ['mounts'],
  fields: {
    mounts: listSchema(
      'Each is a directory of a volume.',
      fieldsSchema('A directory, and where it is seen.', {
        required: ['volume', 'path'],
        fields: {
          volume: nameSchema('The volume, as `weft host --volume` names it.'),
          path: nameSchema('Where the component finds it.', { pattern: '^(/|\\.$)', examples: ['/data'] }),
          subpath: textSchema('A directory within the volume.', { examples: ['shop/images'] }),
          access: textSchema('Whether it may be changed.', { enum: volumeAccesses, default: 'read-only' }),
        },
        others: 'refused',
      }),
    ),
  },
  others: 'refused',
})

const reachable = (kind: keyof typeof networkEntries, description: string) => {
  const { pattern, example } = networkEntries[kind]
  return listSchema(description, { type: 'string', pattern, examples: [example] })
}

const network = fieldsSchema('What the component may reach itself, without a link.', {
  fields: {
    tcp: reachable('tcp', 'TCP connections that it may open: host:port.'),
    udp: reachable('udp', 'Peers that it may exchange UDP datagrams with: host:port.'),
    listen: reachable('listen', 'Own addresses that it may bind and listen at.'),
    http: reachable('http', 'Servers that it may send HTTP requests to.'),
  },
  others: 'refused',
})

const percent = '^\\d+(\\.\\d+)? ?%$'
const rollout = fieldsSchema('How a new version comes to its hosts; when it fails it is taken back.', {
  fields: {
    steps: listSchema('How many hosts are to run it, one step after the other; then all.', {
      anyOf: [
        { type: 'integer', minimum: 1 },
        { type: 'string', pattern: percent },
      ],
    }),
    pause: time('How long each step is watched; default 10s.'),
    maxTrapRate: textSchema('The share of calls that may trap meanwhile.', {
      pattern: percent,
      default: '5%',
    }),
    check: textSchema('A URL that must answer with 2xx meanwhile.', { pattern: '^https?:' }),
    timeout: time('How long it may take until one more host is ready; default 5m.'),
  },
  others: 'refused',
})

/** The schema of each trait's properties, by the trait's type. Beside each stands its reader in `read-traits.ts`. */
export const traitSchemas: Readonly<Record<string, JsonObject>> = {
  spreadscaler: scaler(
    'This many instances in all, spread over hosts.',
    'Invocations that may run at once, over all hosts; of a provider: hosts that run it.',
  ),
  daemonscaler: scaler(
    'This many instances on every host that matches.',
    'Invocations that may run at once on each host.',
  ),
  autoscaler,
  link,
  limits,
  reuse,
  telemetry,
  placement,
  rollout,
  cli,
  volumes,
  network,
}
