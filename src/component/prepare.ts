import type { AbiCodec, CodecOf } from './abi.ts'
import { tupleCodec } from './abi-product.ts'
import { codecsFor } from './codecs.ts'
import type { Canon, CoreInstanceDefinition, CoreItem, Program } from './program.ts'

/** A function type as the Canonical ABI passes it. */
export interface Signature {
  /** `ns:pkg/iface@version#function` of an import. */
  readonly name: string
  readonly params: AbiCodec
  readonly result: AbiCodec | undefined
  /** The function's result type is `result<…>`, whose error case a host function throws. */
  readonly givesResult: boolean
}

/** A program with the codecs of its functions: what all instances on a thread share. */
export interface PreparedProgram extends Program {
  readonly codecOf: CodecOf
  signature(canon: Canon): Signature
}

/** Prepares a program to be linked; signatures are made when first asked for. */
export function prepare(program: Program): PreparedProgram {
  const codecOf = codecsFor(program.resources)
  const signatures = new Map<Canon, Signature>()
  const signature = (canon: Canon): Signature => {
    const known = signatures.get(canon)
    if (known) return known
    const { params, result } = functionTypeOf(program, canon)
    const made = {
      name: nameOf(canon),
      params: tupleCodec(params.map((param) => codecOf(param.type))),
      result: result && codecOf(result),
      givesResult: result?.kind === 'result',
    }
    signatures.set(canon, made)
    return made
  }
  return { ...program, coreInstances: program.coreInstances.map(withKeys), codecOf, signature }
}

/** Names as property keys: one that is no key yet is looked up among all keys each time. */
function withKeys({ module, imports }: CoreInstanceDefinition): CoreInstanceDefinition {
  return {
    module,
    imports: imports.map(([name, from]) => [
      keyOf(name),
      typeof from === 'number' ? from : from.map(([item, ref]) => [keyOf(item), withKey(ref)]),
    ]),
  }
}

function withKey(item: CoreItem): CoreItem {
  return 'canon' in item ? item : { instance: item.instance, name: keyOf(item.name) }
}

function keyOf(name: string): string {
  return Object.keys({ [name]: name })[0] ?? name
}

function nameOf(canon: Canon): string {
  if (canon.do !== 'lower') return canon.do === 'lift' ? canon.name : canon.do
  return canon.func.from === 'import' ? `${canon.func.interface}#${canon.func.name}` : 'a component'
}

function functionTypeOf(program: Program, canon: Canon) {
  if (canon.do === 'lift') return canon.type
  if (canon.do !== 'lower') throw new TypeError(`${canon.do} has no function type`)
  if (canon.func.from === 'import') return canon.func.type
  const lift = program.canons[canon.func.canon]
  if (lift?.do !== 'lift') throw new TypeError('a lowered function is neither imported nor lifted')
  return lift.type
}
