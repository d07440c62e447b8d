import type { OtlpAttributes } from './otlp-common.ts'
import { encodeProtobuf } from './otlp-protobuf.ts'
import { writeSpans } from './otlp-spans.ts'
import type { SpanResource } from './span.ts'
import { maxGroupBytes, type SpanGroup } from './span-groups.ts'

/** About what resource and scope of a group take. */
const headBytes = 1024

/** Encoded spans as messages for `weft.spans.{lattice}`: each one an OTLP `ExportTraceServiceRequest` in protobuf. */
export function spanMessages(
  groups: readonly SpanGroup[],
  resourceOf: (maker: SpanResource) => OtlpAttributes,
): Uint8Array[] {
  const messages: SpanGroup[][] = []
  let room = 0
  for (const group of groups) {
    if (group.isSurplus) continue
    const size = group.spans.byteLength + headBytes
    if (size > room) {
      messages.push([])
      room = maxGroupBytes
    }
    messages.at(-1)?.push(group)
    room -= size
  }
  return messages.map((some) =>
    encodeProtobuf(
      some.map(({ resource, scope, spans }) => ({
        resource: resourceOf(resource),
        scopes: [{ scope, items: [spans] }],
      })),
      writeSpans,
      some.reduce((size, group) => size + group.spans.byteLength + headBytes, 0),
    ),
  )
}
