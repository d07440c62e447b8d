import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseWit, parseWitInterfaces } from '../../src/wit/parse.ts'
import type { WitType } from '../../src/wit/type.ts'

/** The type that `text` stands for, with `more` declared beside it. */
function typeOf(text: string, more = ''): WitType | undefined {
  const [found] = parseWitInterfaces(`interface i { ${more} f: func() -> ${text}; }`)
  return found?.functions[0]?.result
}

const world = `
package root:component;

world root {
  import my:app/other@0.1.0;
  import my:app/types@0.1.0;
  import inl: interface {
    use my:app/other@0.1.0.{thing};
    type x = u8;
    go: func(t: thing);
    put: func(x: x);
  }
  import wasi:http/outgoing-handler@0.2.12;
  use my:app/other@0.1.0.{thing, r};

  type local = list<u32>;
  import root-fn: func(a: thing) -> r;
  import later: async func();

  export run: func(l: local) -> string;
  export my:app/types@0.1.0;
  export foo: interface {
    resource q {
      constructor();
    }
    f: func(x: string) -> u32;
    %static: func(q: q);
  }
}
package my:app@0.1.0 {
  interface other {
    record thing { a: bool }
    resource r;
  }
  interface types {
    use other.{thing as stuff};
    /// what a doc comment says { is not read
    type name = string;
    record point { x: u32, y-coord: s64, tags: list<name> }
    variant shape { empty, circle(f64), %list(list<point>), }
    enum color { red, green }
    flags perms { read, write, exec }
    resource bucket {
      constructor(name: string);
      open: static func(n: name) -> result<bucket, shape>;
      get: func(key: string) -> option<list<u8>>;
      wait: async func();
    }
    f: func(a: point, b: shape, c: color, d: perms, %type: stuff) -> result<_, string>;
    h: func(b: borrow<bucket>, o: own<bucket>) -> tuple<u8, option<option<string>>>;
  }
}
package wasi:http@0.2.12 {
  interface types { resource request { method: func() -> string; } }
  interface outgoing-handler { use types.{request}; handle: func(r: request) -> result; }
}
`

test('the imports and exports of a world have their ids and functions, in order', () => {
  const { imports, exports } = parseWit(world)
  const names = (side: typeof imports) =>
    side.map(({ id, functions }) => [id, functions.map(({ name }) => name).join(' ')])
  assert.deepEqual(names(imports), [
    ['my:app/other@0.1.0', ''],
    [
      'my:app/types@0.1.0',
      '[constructor]bucket [static]bucket.open [method]bucket.get [method]bucket.wait f h',
    ],
    ['inl', 'go put'],
    ['wasi:http/outgoing-handler@0.2.12', 'handle'],
    ['', 'root-fn later'],
  ])
  assert.deepEqual(names(exports), [
    ['', 'run'],
    [
      'my:app/types@0.1.0',
      '[constructor]bucket [static]bucket.open [method]bucket.get [method]bucket.wait f h',
    ],
    ['foo', '[constructor]q f static'],
  ])
})

test('functions of resources have their handles', () => {
  const functions = parseWit(world).imports[1]?.functions ?? []
  const named = (name: string) => functions.find((candidate) => candidate.name === name)
  assert.deepEqual(named('[constructor]bucket'), {
    name: '[constructor]bucket',
    async: false,
    params: [{ name: 'name', type: { kind: 'string' } }],
    result: { kind: 'own', resource: 'bucket' },
  })
  assert.deepEqual(named('[method]bucket.get')?.params, [
    { name: 'self', type: { kind: 'borrow', resource: 'bucket' } },
    { name: 'key', type: { kind: 'string' } },
  ])
  assert.equal(named('[static]bucket.open')?.params.length, 1)
  assert.equal(named('[method]bucket.wait')?.async, true)
  assert.deepEqual(
    named('h')?.params.map(({ type }) => type),
    [
      { kind: 'borrow', resource: 'bucket' },
      { kind: 'own', resource: 'bucket' },
    ],
  )
})

test('names are resolved through aliases, use and other packages', () => {
  const { imports, exports } = parseWit(world)
  const thing = { kind: 'record', fields: [{ name: 'a', type: { kind: 'bool' } }] }
  assert.deepEqual(imports[1]?.functions.find(({ name }) => name === 'f')?.params[4], {
    name: 'type',
    type: thing,
  })
  assert.deepEqual(imports[2]?.functions[0]?.params[0]?.type, thing)
  assert.deepEqual(imports[3]?.functions[0]?.params[0]?.type, { kind: 'own', resource: 'request' })
  assert.deepEqual(imports[4]?.functions[0]?.result, { kind: 'own', resource: 'r' })
  assert.deepEqual(exports[0]?.functions[0]?.params[0]?.type, { kind: 'list', element: { kind: 'u32' } })
})

test('one name is one type object', () => {
  const [found] = parseWitInterfaces('interface i { record r { a: u8 } f: func(a: r, b: r) -> r; }')
  const [f] = found?.functions ?? []
  assert.equal(f?.params[0]?.type, f?.params[1]?.type)
  assert.equal(f?.params[0]?.type, f?.result)
})

test('the interfaces of a hand-written package are read', () => {
  const found = parseWitInterfaces(`
    package wrpc:keyvalue@0.2.0-draft; // the version has a dash
    interface store {
      variant error { no-such-store, access-denied, other(string) }
      get: func(bucket: string, key: string) -> result<option<list<u8>>, error>;
    }
    interface atomics {
      use store.{error};
      increment: func(bucket: string, key: string, delta: u64) -> result<u64, error>;
    }
    world both { import store; export atomics; }`)
  assert.deepEqual(
    found.map(({ id }) => id),
    ['wrpc:keyvalue/store@0.2.0-draft', 'wrpc:keyvalue/atomics@0.2.0-draft'],
  )
  const error = {
    kind: 'variant',
    cases: [
      { name: 'no-such-store' },
      { name: 'access-denied' },
      { name: 'other', type: { kind: 'string' } },
    ],
  }
  assert.deepEqual(found[1]?.functions[0], {
    name: 'increment',
    async: false,
    params: [
      { name: 'bucket', type: { kind: 'string' } },
      { name: 'key', type: { kind: 'string' } },
      { name: 'delta', type: { kind: 'u64' } },
    ],
    result: { kind: 'result', ok: { kind: 'u64' }, err: error },
  })
})

for (const [text, type] of [
  ['u8', { kind: 'u8' }],
  ['error-context', { kind: 'error-context' }],
  ['option<option<char>>', { kind: 'option', element: { kind: 'option', element: { kind: 'char' } } }],
  ['result', { kind: 'result' }],
  ['result<u8>', { kind: 'result', ok: { kind: 'u8' } }],
  ['result<_, u8>', { kind: 'result', err: { kind: 'u8' } }],
  ['tuple<u8, bool,>', { kind: 'tuple', elements: [{ kind: 'u8' }, { kind: 'bool' }] }],
  ['list<u8, 2>', { kind: 'tuple', elements: [{ kind: 'u8' }, { kind: 'u8' }] }],
  [
    'map<string, u8>',
    { kind: 'list', element: { kind: 'tuple', elements: [{ kind: 'string' }, { kind: 'u8' }] } },
  ],
  ['stream', { kind: 'stream' }],
  ['stream<u8>', { kind: 'stream', element: { kind: 'u8' } }],
  ['future', { kind: 'future' }],
  ['future<string>', { kind: 'future', element: { kind: 'string' } }],
  ['enum { a, b }', { kind: 'enum', names: ['a', 'b'] }],
] as const) {
  test(`the type ${text} is read`, () => assert.deepEqual(typeOf(text), type))
}

test('an escaped keyword is a name', () => {
  assert.deepEqual(typeOf('%record', 'type %record = u8;'), { kind: 'u8' })
  const [found] = parseWitInterfaces('interface %interface { %use: func(%func: u8); record: func(); }')
  assert.equal(found?.id, 'interface')
  assert.deepEqual(
    found?.functions.map(({ name }) => name),
    ['use', 'record'],
  )
})

test('feature gates and comments are passed over', () => {
  const [found] = parseWitInterfaces(`
    @since(version = 1.0.0)
    interface i {
      /* a /* nested */ comment */
      @unstable(feature = some-thing) @deprecated(version = 0.2.0-rc-2023-11-10)
      f: func();
      enum e { @since(version = 1.0.0) a, b }
      resource r { @since(version = 1.0.0) m: func(); }
    }`)
  assert.deepEqual(
    found?.functions.map(({ name }) => name),
    ['f', '[method]r.m'],
  )
})

test('a constructor may fail', () => {
  const [found] = parseWitInterfaces(
    'interface i { resource r { constructor(a: u8) -> result<r, string>; } }',
  )
  assert.deepEqual(found?.functions[0]?.result, {
    kind: 'result',
    ok: { kind: 'own', resource: 'r' },
    err: { kind: 'string' },
  })
})

test('an included world is part of the world', () => {
  const { imports } = parseWit(`package a:b;
    world w { include v; import i; import f: func(); }
    world v { import i; import f: func(); import g: func(); }
    interface i {}`)
  assert.deepEqual(
    imports.map(({ id, functions }) => [id, functions.length]),
    [
      ['a:b/i', 0],
      ['', 2],
    ],
  )
})

for (const [what, text, says] of [
  ['no world', 'package a:b;', /expected a world, found none/],
  ['an unknown character', 'interface i {\n  f: func(a: $); }', /^WIT line 2: .* found "\$"$/],
  ['a missing semicolon', 'interface i {\n  f: func()\n}', /^WIT line 3: expected ";", found "}"$/],
  [
    'an unknown type',
    'interface i {\n\n f: func(a: nope); }',
    /^WIT line 3: expected a type, "nope" is not defined/,
  ],
  ['an end within', 'interface i { f: func(', /^WIT line 1: expected .*, found the end of the text$/],
  [
    'an unknown interface',
    'world w {\n import a:b/c@1.0.0; }',
    /^WIT line 2: expected interface a:b\/c@1.0.0 to be/,
  ],
  [
    'a used type that is not there',
    'interface a { use b.{t}; f: func(x: t); } interface b {}',
    /"t" is not defined/,
  ],
  [
    'a borrow of no resource',
    'interface a { type t = u8; f: func(x: borrow<t>); }',
    /expected a resource, "t" is a u8/,
  ],
  ['a comment without end', 'interface i {\n /* oh', /^WIT line 2: this comment has no end/],
  ['a gate without end', '@since(version = 1.0.0', /expected "\)"/],
  ['a version that is none', 'package a:b@one;', /expected a version, found "one"/],
  [
    'a list that is too long',
    'interface i { f: func(a: list<u8, 99999>); }',
    /expected a length from 1 to 4096/,
  ],
  ['a world within a world', 'world w { world v {} }', /expected a function, a type, "use" or "}"/],
  ['include … with', 'world w { include v with { a as b } }', /include … with is not read/],
] as const) {
  test(`${what} is an error that says what was expected`, () => {
    const read = text.includes('world') || what === 'no world' ? parseWit : parseWitInterfaces
    assert.throws(() => read(text), { name: 'WeftError', code: 'invalid', message: says })
  })
}

for (const [what, text] of [
  ['types that nest without end', `interface i { f: func(a: ${'list<'.repeat(100_000)}u8); }`],
  ['a type made of itself', 'interface i { type a = list<b>; type b = option<a>; f: func(x: a); }'],
  ['a record that holds itself', 'interface i { record a { a: a } f: func(x: a); }'],
  ['uses that go in a circle', 'interface a { use b.{t}; f: func(x: t); } interface b { use a.{t}; }'],
  ['worlds that include each other', 'world a { include b; } world b { include a; }'],
  [
    'types that double',
    `interface i { type t0 = u8; ${Array.from({ length: 60 }, (_, n) => `type t${n + 1} = tuple<t${n}, t${n}>;`).join(' ')} f: func(x: t60); }`,
  ],
  [
    'a chain of a million names',
    `interface i { ${Array.from({ length: 50_000 }, (_, n) => `type a${n} = a${n + 1};`).join(' ')} type a50000 = u8; f: func(x: a0); }`,
  ],
  ['a text that is too long', ' '.repeat(9_000_000)],
  ['open braces', 'interface i {'.repeat(10_000)],
  ['open packages', 'package a:b {'.repeat(10_000)],
] as const) {
  test(`${what} end as an error, soon`, () => {
    const start = performance.now()
    const read = text.startsWith('world') || text.startsWith(' ') ? parseWit : parseWitInterfaces
    assert.throws(() => read(text), { name: 'WeftError', code: 'invalid' })
    assert.ok(performance.now() - start < 3000)
  })
}

test('a text cut off anywhere is an error or a shorter text', () => {
  for (let length = 0; length < world.length; length += 3) {
    try {
      parseWit(world.slice(0, length))
    } catch (thrown) {
      assert.match(String(thrown), /^WeftError: WIT/)
    }
  }
})
