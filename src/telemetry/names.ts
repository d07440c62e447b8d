/** The instrumentation scope of all that Weft itself records. */
export const scopeName = 'weft'

/**
 * Attribute names on spans and metrics. They follow the OpenTelemetry semantic conventions 1.45 (checked by a test);
 * `weft.` stands before what those do not name.
 */
export const attributeNames = {
  rpcSystem: 'rpc.system.name',
  rpcMethod: 'rpc.method',
  httpMethod: 'http.request.method',
  httpMethodOriginal: 'http.request.method_original',
  httpRoute: 'http.route',
  httpStatus: 'http.response.status_code',
  urlScheme: 'url.scheme',
  urlPath: 'url.path',
  urlQuery: 'url.query',
  urlFull: 'url.full',
  serverAddress: 'server.address',
  serverPort: 'server.port',
  userAgent: 'user_agent.original',
  dbSystem: 'db.system.name',
  dbOperation: 'db.operation.name',
  dbNamespace: 'db.namespace',
  dbStatus: 'db.response.status_code',
  dbBatchSize: 'db.operation.batch.size',
  messagingSystem: 'messaging.system.name',
  messagingOperation: 'messaging.operation.name',
  messagingOperationType: 'messaging.operation.type',
  messagingDestination: 'messaging.destination.name',
  messagingTemplate: 'messaging.destination.template',
  messagingTemporary: 'messaging.destination.temporary',
  messagingGroup: 'messaging.consumer.group.name',
  messagingBodySize: 'messaging.message.body.size',
  errorType: 'error.type',
  exceptionType: 'exception.type',
  exceptionMessage: 'exception.message',
  serviceName: 'service.name',
  serviceNamespace: 'service.namespace',
  serviceVersion: 'service.version',
  serviceInstance: 'service.instance.id',
  servicePeer: 'service.peer.name',
  hostName: 'host.name',
  sdkName: 'telemetry.sdk.name',
  sdkLanguage: 'telemetry.sdk.language',
  sdkVersion: 'telemetry.sdk.version',
  componentId: 'weft.component.id',
  metricOverflow: 'otel.metric.overflow',
  source: 'weft.source',
  target: 'weft.target',
  link: 'weft.link',
  result: 'weft.result',
  limit: 'weft.limit',
  component: 'component',
  interface: 'interface',
  operation: 'operation',
  side: 'side',
  outcome: 'outcome',
} as const

/** Values that the conventions leave to us. */
export const attributeValues = {
  rpcSystem: 'wrpc',
  dbSystem: 'wasi-keyvalue',
  messagingSystem: 'wasmcloud-messaging',
} as const

/** Spans made of a call's timings, and the event that a failure leaves on a span. */
export const spanNames = {
  queued: 'queued',
  /** Waiting for a component that slept or was being healed. */
  woken: 'woken',
  instantiated: 'instantiate',
  exception: 'exception',
} as const
