import { WeftError } from '../errors.ts'

/** Where control requests go unless the operator moved them (`--ctl-topic-prefix` of the Rust host). */
export const defaultControlPrefix = 'wasmbus.ctl'

/** The subjects of the control interface of one lattice; `prefix` is `wasmbus.ctl` unless it was moved. */
export function controlSubjects(lattice: string, prefix: string = defaultControlPrefix) {
  const root = `${prefix}.v1.${oneToken('lattice', lattice)}`
  return {
    root,
    hostPing: `${root}.host.ping`,
    hostGet: (host: string) => `${root}.host.get.${host}`,
    hostStop: (host: string) => `${root}.host.stop.${host}`,
    anyHost: (host: string) => `${root}.host.*.${host}`,
    registryPut: `${root}.registry.put`,
    componentAuction: `${root}.component.auction`,
    componentScale: (host: string) => `${root}.component.scale.${host}`,
    componentUpdate: (host: string) => `${root}.component.update.${host}`,
    anyComponent: (host: string) => `${root}.component.*.${host}`,
    providerAuction: `${root}.provider.auction`,
    providerStart: (host: string) => `${root}.provider.start.${host}`,
    providerStop: (host: string) => `${root}.provider.stop.${host}`,
    anyProvider: (host: string) => `${root}.provider.*.${host}`,
    labelPut: (host: string) => `${root}.label.put.${host}`,
    labelDel: (host: string) => `${root}.label.del.${host}`,
    anyLabel: (host: string) => `${root}.label.*.${host}`,
    linkPut: `${root}.link.put`,
    linkDel: `${root}.link.del`,
    linkGet: `${root}.link.get`,
    anyLink: `${root}.link.*`,
    claimsGet: `${root}.claims.get`,
    configPut: (name: string) => `${root}.config.put.${name}`,
    configGet: (name: string) => `${root}.config.get.${name}`,
    configDel: (name: string) => `${root}.config.del.${name}`,
    anyConfig: `${root}.config.>`,
    linkQueue: `${root}.link`,
    claimsQueue: `${root}.claims`,
    configQueue: `${root}.config`,
  } as const
}

/** Where a host publishes the event `name`. */
export function eventSubject(lattice: string, name: string): string {
  return `wasmbus.evt.${oneToken('lattice', lattice)}.${name}`
}

/** Every event of a lattice. */
export function anyEventSubject(lattice: string): string {
  return `wasmbus.evt.${oneToken('lattice', lattice)}.>`
}

/**
 * What a host and a provider say to each other. `peer` is the provider's id; for `linkPut` it may be its xkey instead,
 * so that only the instance on that host hears it.
 */
export function providerSubjects(lattice: string, peer: string) {
  const root = `wasmbus.rpc.${oneToken('lattice', lattice)}.${peer}`
  return {
    health: `${root}.health`,
    linkPut: `${root}.linkdefs.put`,
    linkDel: `${root}.linkdefs.del`,
    shutdown: `${root}.default.shutdown`,
    configUpdate: `${root}.config.update`,
  } as const
}

/** wadm's operations on application models; `history` and `rollback` are Weft's. */
export const modelOperations = [
  'put',
  'get',
  'list',
  'versions',
  'del',
  'deploy',
  'undeploy',
  'status',
  'history',
  'rollback',
] as const
export type ModelOperation = (typeof modelOperations)[number]

/** The queue group of everyone who serves wadm's API. */
export const modelQueue = 'wadm_server'

/** `wadm.api.{lattice}.model.{operation}[.{name}]`. */
export function modelSubject(lattice: string, operation: ModelOperation, name?: string): string {
  const subject = `wadm.api.${oneToken('lattice', lattice)}.model.${operation}`
  return name === undefined ? subject : `${subject}.${oneToken('application name', name)}`
}

/** Every request to wadm's API in a lattice. */
export function anyModelSubject(lattice: string): string {
  return `wadm.api.${oneToken('lattice', lattice)}.model.>`
}

/** wadm's own events: `manifest_published`, `manifest_unpublished`. */
export function modelEventSubject(lattice: string, name: string): string {
  return `wadm.evt.${oneToken('lattice', lattice)}.${name}`
}

/** Where the status of an application is published. */
export function modelStatusSubject(lattice: string, name: string): string {
  return `wadm.status.${oneToken('lattice', lattice)}.${name}`
}

/** Weft's finished spans, for dashboards that follow calls as they happen. */
export function spansSubject(lattice: string): string {
  return `weft.spans.${oneToken('lattice', lattice)}`
}

/** Requests for traces, answered by the host that keeps them. */
export function tracesSubject(lattice: string): string {
  return `weft.traces.${oneToken('lattice', lattice)}`
}

/** Log lines of Weft hosts and their guests, in batches. */
export function logsSubject(lattice: string): string {
  return `weft.logs.${oneToken('lattice', lattice)}`
}

/** Requests for the latest log lines, answered by the host that keeps them. */
export function recentLogsSubject(lattice: string): string {
  return `weft.recent-logs.${oneToken('lattice', lattice)}`
}

/** Requests to tell of the calls that a component gets, to every Weft host. */
export function spySubject(lattice: string): string {
  return `weft.spy.${oneToken('lattice', lattice)}`
}

/** Where what one spy wants to see is published. */
export function spiedSubject(lattice: string, spyId: string): string {
  return `weft.spied.${oneToken('lattice', lattice)}.${oneToken('spy', spyId)}`
}

/** Weft's liveness beat; outside `wasmbus.evt`, which wadm stores. */
export function beatSubject(lattice: string): string {
  return `weft.beat.${oneToken('lattice', lattice)}`
}

/** Requests to the controller that leads: a component or provider was called, and nobody serves it. */
export function wakeSubject(lattice: string): string {
  return `weft.wake.${oneToken('lattice', lattice)}`
}

/** Requests to the controller that leads: another number of instances, by hand. */
export function scaleSubject(lattice: string): string {
  return `weft.scale.${oneToken('lattice', lattice)}`
}

/** Numbers that anybody may publish as text, for components that scale by them. */
export function metricSubject(lattice: string, name: string): string {
  return `weft.metric.${oneToken('lattice', lattice)}.${name === '*' ? name : oneToken('metric', name)}`
}

/** True when `value` can stand as one token of a NATS subject. */
export function isOneToken(value: string): boolean {
  return value !== '' && !/[\s.*>\p{Cc}]/u.test(value)
}

/** Gives `value` back when it can be one token of a subject; else throws an `invalid` error that names `what`. */
export function oneToken(what: string, value: string): string {
  if (isOneToken(value)) return value
  const rule = 'must be one NATS token: not empty, without dots, spaces, * and >'
  throw new WeftError('invalid', `${what} ${JSON.stringify(value)} ${rule}`)
}
