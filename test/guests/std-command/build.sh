#!/bin/sh
# Rebuilds std-command.wasm: needs the sources of Rust's std, wasi-libc, wasm-ld and the installed node_modules.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../../.." && pwd)
target=${CARGO_TARGET_DIR:-${TMPDIR:-/tmp}/weft-guests-target}
libc=${WASI_LIBC:-/usr/lib/wasm32-wasi}
cd "$here"
RUSTC_BOOTSTRAP=1 CARGO_TARGET_DIR="$target" RUSTFLAGS="--remap-path-prefix=$HOME=~ --remap-path-prefix=$root=. \
  -Clink-self-contained=no -Clinker=${WASM_LD:-wasm-ld-22} -Clink-arg=$libc/crt1-command.o -L$libc" \
  "${CARGO:-cargo}" build --release --target wasm32-wasip1 -Zbuild-std=std,panic_abort
"$root/node_modules/.bin/jco" new "$target/wasm32-wasip1/release/std-command.wasm" --wasi-command -o "$here/std-command.wasm"
