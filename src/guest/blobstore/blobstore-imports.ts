import type { ObjectId } from '../../capability/blobstore-serve.ts'
import { guestError } from '../../capability/guest-error.ts'
import type { Importing } from '../importing.ts'
import type { WasiContext } from '../wasi-context.ts'
import { callBlobstore, type StreamEnd } from './call-blobstore.ts'
import { IncomingValue } from './incoming-value.ts'
import { StreamObjectNames } from './object-names.ts'
import { OutgoingValue } from './outgoing-value.ts'

/**
 * The import objects of `wasi:blobstore@0.2.0-draft` by interface without version: containers and values are the guest's,
 * everything behind them is asked of the provider that the component is linked to.
 */
export function blobstoreImports(
  invocation: Importing,
  context: Pick<WasiContext, 'life' | 'signal'>,
): Record<string, object> {
  const call = callBlobstore(invocation)
  const ask = async (name: string, ...args: readonly unknown[]) => (await call(name, args)).val

  class Container {
    readonly #name: string
    constructor(name: string) {
      this.#name = name
    }
    name() {
      return this.#name
    }
    async info() {
      const { createdAt } = (await ask('get-container-info', this.#name)) as { createdAt: bigint }
      return { name: this.#name, createdAt }
    }
    async getData(object: string, start: bigint, end: bigint) {
      if (start > end) throw guestError(`range ${start} to ${end}: the start is behind the end`)
      const id = this.#object(object)
      const sizeOf = async () => {
        const { size } = (await ask('get-object-info', id)) as { size: bigint }
        const last = end < size ? end + 1n : size
        return last > start ? last - start : 0n
      }
      const [bytes, ended] = (await ask('get-container-data', id, start, end)) as [
        AsyncIterable<Uint8Array>,
        Promise<StreamEnd>,
      ]
      return new IncomingValue({ bytes, ended, sizeOf }, context.signal)
    }
    async writeData(object: string, value: OutgoingValue) {
      await value.sendTo(async (bytes) => {
        const { val } = await call('write-container-data', [this.#object(object), bytes])
        return { written: val as Promise<StreamEnd> }
      })
    }
    async listObjects() {
      const [names, ended] = (await ask('list-container-objects', this.#name, undefined, undefined)) as [
        AsyncIterable<readonly string[]>,
        Promise<StreamEnd>,
      ]
      return new StreamObjectNames(names, ended)
    }
    deleteObject(object: string) {
      return ask('delete-object', this.#object(object))
    }
    deleteObjects(objects: readonly string[]) {
      return ask('delete-objects', this.#name, objects)
    }
    hasObject(object: string) {
      return ask('has-object', this.#object(object))
    }
    async objectInfo(object: string) {
      const found = (await ask('get-object-info', this.#object(object))) as {
        createdAt: bigint
        size: bigint
      }
      return { name: object, container: this.#name, ...found }
    }
    clear() {
      return ask('clear-container', this.#name)
    }
    #object(object: string): ObjectId {
      return { container: this.#name, object }
    }
  }

  return {
    'wasi:blobstore/types': {
      IncomingValue,
      OutgoingValue: class extends OutgoingValue {
        static newOutgoingValue() {
          return new OutgoingValue(context.life)
        }
      },
    },
    'wasi:blobstore/container': { Container, StreamObjectNames },
    'wasi:blobstore/blobstore': {
      async createContainer(name: string) {
        await ask('create-container', name)
        return new Container(name)
      },
      async getContainer(name: string) {
        if (await ask('container-exists', name)) return new Container(name)
        throw guestError(`there is no container ${name}`)
      },
      deleteContainer: (name: string) => ask('delete-container', name),
      containerExists: (name: string) => ask('container-exists', name),
      copyObject: (from: ObjectId, to: ObjectId) => ask('copy-object', from, to),
      moveObject: (from: ObjectId, to: ObjectId) => ask('move-object', from, to),
    },
  }
}
