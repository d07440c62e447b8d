// The library's public names.
export {
  type Call,
  type CallContext,
  type Interceptor,
  type Invoke,
  type Operation,
  operationName,
} from './call/call.ts'
export { childOf } from './call/child.ts'
export { CallCourse } from './call/course.ts'
export { formatTraceparent, parseTraceparent, type TraceContext } from './call/trace-context.ts'
export { preciseNow } from './clock.ts'
export { type ErrorCode, errorCodes, WeftError } from './errors.ts'
export type { Log, LogAttributes, LogLevel, LogRecord } from './log.ts'
export {
  defineProvider,
  type Provider,
  type ProviderContext,
  type ProviderDefinition,
  type ProviderLink,
} from './provider.ts'
export { type StartHostOptions, startInstrumentedHost } from './start-host.ts'
export { version } from './version.ts'
export { parseWit, parseWitInterfaces } from './wit/parse.ts'
export type { WitFunction, WitInterface, WitType, WitWorld } from './wit/type.ts'
