import {
  type OtlpEntry,
  type OtlpField,
  type OtlpMessage,
  type OtlpWriter,
  otlpFields,
} from './otlp-writer.ts'

/**
 * A value that OTLP can carry. A whole number is an integer, also `1.0`; `{ double: 1 }` says that it is none, and a bigint
 * holds 64 bits.
 */
export type OtlpValue =
  | string
  | number
  | bigint
  | boolean
  | Uint8Array
  | { readonly double: number }
  | { readonly map: OtlpAttributes }
  | readonly OtlpValue[]

export type OtlpAttributes = Readonly<Record<string, OtlpValue | undefined>>

export interface OtlpScope {
  readonly name: string
  readonly version?: string
  readonly schemaUrl?: string
  readonly attributes?: OtlpAttributes
}

/** Items of one signal, under who made them. */
export interface OtlpGroup<T> {
  readonly resource: OtlpAttributes
  /** Of the semantic conventions that the resource follows. */
  readonly schemaUrl?: string
  readonly scopes: readonly { readonly scope: OtlpScope; readonly items: readonly T[] }[]
}

const anyFields = otlpFields({
  stringValue: 1,
  boolValue: 2,
  intValue: 3,
  doubleValue: 4,
  arrayValue: 5,
  kvlistValue: 6,
  bytesValue: 7,
})
const listFields = otlpFields({ values: 1 })
const keyFields = otlpFields({ key: 1, value: 2 })
const scopeFields = otlpFields({ name: 1, version: 2, attributes: 3 })
const resourceFields = otlpFields({ attributes: 1 })

/** `AnyValue` */
export const writeValue: OtlpMessage<OtlpValue> = (out, value) => {
  if (typeof value === 'string') writeText(out, value)
  else if (typeof value === 'boolean') out.bool(anyFields.boolValue, value)
  else if (typeof value === 'bigint') out.int64(anyFields.intValue, value)
  else if (typeof value === 'number') writeNumber(out, value)
  else if (value instanceof Uint8Array) out.bytes(anyFields.bytesValue, value)
  else if (isList(value)) out.message(anyFields.arrayValue, value, writeList)
  else if ('double' in value) out.double(anyFields.doubleValue, value.double)
  else out.message(anyFields.kvlistValue, value.map, writeMap)
}

/** `KeyValue`, as often as there are attributes. */
export function writeAttributes(out: OtlpWriter, field: OtlpField, attributes: OtlpAttributes): void {
  out.entries(field, attributes, writePair)
}

/** `InstrumentationScope` */
const writeScope: OtlpMessage<OtlpScope> = (out, scope) => {
  out.text(scopeFields.name, scope.name)
  out.text(scopeFields.version, scope.version ?? '')
  if (scope.attributes) writeAttributes(out, scopeFields.attributes, scope.attributes)
}

/** `Resource` */
const writeResource: OtlpMessage<OtlpAttributes> = (out, attributes) =>
  writeAttributes(out, resourceFields.attributes, attributes)

/** The request message of a signal: groups by resource, in them groups by scope, in them what `writeItems` writes. */
export function writeRequest<T>(
  names: { readonly groups: string; readonly scopes: string; readonly items: string },
  writeItems: (out: OtlpWriter, field: OtlpField, items: readonly T[]) => void,
): OtlpMessage<readonly OtlpGroup<T>[]> {
  const groups = { number: 1, name: names.groups }
  const resource = { number: 1, name: 'resource' }
  const scopes = { number: 2, name: names.scopes }
  const scope = { number: 1, name: 'scope' }
  const items = { number: 2, name: names.items }
  const schemaUrl = { number: 3, name: 'schemaUrl' }
  const writeScoped: OtlpMessage<OtlpGroup<T>['scopes'][number]> = (out, scoped) => {
    out.message(scope, scoped.scope, writeScope)
    writeItems(out, items, scoped.items)
    out.text(schemaUrl, scoped.scope.schemaUrl ?? '')
  }
  const writeGroup: OtlpMessage<OtlpGroup<T>> = (out, group) => {
    out.message(resource, group.resource, writeResource)
    out.messages(scopes, group.scopes, writeScoped)
    out.text(schemaUrl, group.schemaUrl ?? '')
  }
  return (out, value) => out.messages(groups, value, writeGroup)
}

const writePair: OtlpEntry<OtlpValue> = (out, key, value) => {
  out.text(keyFields.key, key)
  out.message(keyFields.value, value, writeValue)
}

const writeMap: OtlpMessage<OtlpAttributes> = (out, map) => writeAttributes(out, listFields.values, map)

const writeList: OtlpMessage<readonly OtlpValue[]> = (out, list) =>
  out.messages(listFields.values, list, writeValue)

function isList(value: OtlpValue): value is readonly OtlpValue[] {
  return Array.isArray(value)
}

// An empty text is a value too, where the writer would leave it out; as bytes it is the same in protobuf and in JSON.
function writeText(out: OtlpWriter, value: string): void {
  if (value === '') out.bytes(anyFields.stringValue, new Uint8Array())
  else out.text(anyFields.stringValue, value)
}

function writeNumber(out: OtlpWriter, value: number): void {
  if (Number.isSafeInteger(value) && !Object.is(value, -0)) out.int64(anyFields.intValue, value)
  else out.double(anyFields.doubleValue, value)
}
