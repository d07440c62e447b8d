#!/bin/sh
# Rebuilds probe.wasm: needs clang with wasi-libc, wit-bindgen and the installed node_modules.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../../../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/wit/deps"
cp "$here/world.wit" "$work/wit/"
cp -r "$root"/node_modules/@bytecodealliance/jco/lib/wit/builtin/0.2.12/* "$work/wit/deps/"
wit-bindgen c "$work/wit" --world probe --out-dir "$work"
"${CLANG:-clang-22}" --target=wasm32-wasi --sysroot=/usr -mexec-model=reactor -Oz -Wl,--strip-all \
  -I"$work" "$here/probe.c" "$work/probe.c" "$work/probe_component_type.o" -o "$work/core.wasm"
"$root/node_modules/.bin/jco" new "$work/core.wasm" --wasi-reactor -o "$here/probe.wasm"
