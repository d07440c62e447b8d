import { WeftError } from '../errors.ts'
import type { WitType } from '../wit/type.ts'
import type { AbiCodec, CodecOf } from './abi.ts'
import { choiceCodec, plainOption, tagged } from './abi-choice.ts'
import { borrowCodec, ownCodec } from './abi-handle.ts'
import { listCodec } from './abi-list.ts'
import { flagsCodec, recordCodec, tupleCodec } from './abi-product.ts'
import { enumCodec, scalarCodec } from './abi-scalar.ts'
import { stringCodec } from './abi-string.ts'
import { transferCodec } from './abi-transfer.ts'
import type { ResourceDefinition } from './program.ts'

/** Makes the codecs for the types of one program. */
export function codecsFor(resources: readonly ResourceDefinition[]): CodecOf {
  const made = new Map<WitType, AbiCodec>()
  const codecOf: CodecOf = (type) => {
    const known = made.get(type)
    if (known) return known
    const codec = make(type)
    made.set(type, codec)
    return codec
  }
  const make = (type: WitType): AbiCodec => {
    switch (type.kind) {
      case 'string':
        return stringCodec
      case 'list':
        return listCodec(type.element, codecOf(type.element))
      case 'record':
        return recordCodec(
          type.fields,
          type.fields.map((field) => codecOf(field.type)),
        )
      case 'tuple':
        return tupleCodec(type.elements.map(codecOf))
      case 'flags':
        return flagsCodec(type.names)
      case 'enum':
        return enumCodec(type.names)
      case 'variant':
        return choiceCodec(
          type.cases.map((one) => ({ name: one.name, ...(one.type && { codec: codecOf(one.type) }) })),
          tagged,
        )
      case 'option':
        return choiceCodec(
          [{ name: 'none' }, { name: 'some', codec: codecOf(type.element) }],
          type.element.kind === 'option' ? tagged : plainOption,
        )
      case 'result':
        return choiceCodec(
          [
            { name: 'ok', ...(type.ok && { codec: codecOf(type.ok) }) },
            { name: 'err', ...(type.err && { codec: codecOf(type.err) }) },
          ],
          tagged,
        )
      case 'own':
        return ownCodec(Number(type.resource))
      case 'borrow':
        return borrowCodec(Number(type.resource), definitionOf(resources, type.resource))
      case 'future':
      case 'stream':
        return transferCodec(type)
      default:
        return required(scalarCodec(type.kind), type)
    }
  }
  return codecOf
}

function definitionOf(resources: readonly ResourceDefinition[], number: string): ResourceDefinition {
  const definition = resources[Number(number)]
  if (!definition) throw new WeftError('invalid', `there is no resource ${number}`)
  return definition
}

function required(codec: AbiCodec | undefined, type: WitType): AbiCodec {
  if (!codec) throw new WeftError('invalid', `values of type ${type.kind} are not supported here`)
  return codec
}
