import { lazyInterfaces } from '../wit/lazy-interfaces.ts'
import type { WitInterface } from '../wit/type.ts'

/** `wrpc:keyvalue` is what wasmCloud 1.x providers speak; `weft:keyvalue` adds what `wasi:keyvalue`'s `cas` needs. */
const interfaces = lazyInterfaces(`
package wrpc:keyvalue@0.2.0-draft {
  interface store {
    variant error { no-such-store, access-denied, other(string) }
    record key-response { keys: list<string>, cursor: option<u64> }
    get: func(bucket: string, key: string) -> result<option<list<u8>>, error>;
    set: func(bucket: string, key: string, value: list<u8>) -> result<_, error>;
    delete: func(bucket: string, key: string) -> result<_, error>;
    exists: func(bucket: string, key: string) -> result<bool, error>;
    list-keys: func(bucket: string, cursor: option<u64>) -> result<key-response, error>;
  }
  interface atomics {
    use store.{error};
    increment: func(bucket: string, key: string, delta: u64) -> result<u64, error>;
  }
  interface batch {
    use store.{error};
    get-many: func(bucket: string, keys: list<string>) -> result<list<option<tuple<string, list<u8>>>>, error>;
    set-many: func(bucket: string, key-values: list<tuple<string, list<u8>>>) -> result<_, error>;
    delete-many: func(bucket: string, keys: list<string>) -> result<_, error>;
  }
}
package weft:keyvalue@0.1.0 {
  interface compare {
    variant error { no-such-store, access-denied, other(string) }
    compare-and-set: func(bucket: string, key: string, expected: option<list<u8>>, value: list<u8>) -> result<bool, error>;
  }
}
`)

/** Everything that a key-value provider answers. */
export const keyvalueInterfaces = interfaces.all

export const keyvalueInterface = interfaces.named

const watching = lazyInterfaces(`
package wrpc:keyvalue@0.2.0-draft {
  interface watcher {
    on-set: func(bucket: string, key: string, value: list<u8>);
    on-delete: func(bucket: string, key: string);
  }
}
`)

/** What a component that exports `wasi:keyvalue/watcher` is served as: providers call it. */
export const keyvalueWatcher = (): WitInterface => watching.named('wrpc:keyvalue/watcher@0.2.0-draft')
