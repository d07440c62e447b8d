// Tables that grow.
// Build: node manifests/build.ts tables-c
#include "tables_c.h"

static __externref_t many[0];

// C has no table with a maximum: it stands in assembly.
__asm__(
    ".tabletype few, externref, 1, 10\n"
    ".globl few\n"
    "few:\n");

int32_t exports_weft_test_tables_tables_grow(uint32_t by) {
  return __builtin_wasm_table_grow(many, __builtin_wasm_ref_null_extern(), (int)by);
}

__attribute__((noinline)) static void trap_without_table(void) { __builtin_trap(); }

void exports_weft_test_tables_tables_must_grow(uint32_t by) {
  if (exports_weft_test_tables_tables_grow(by) < 0) trap_without_table();
}

int32_t grow_few(uint32_t by);
__asm__(
    ".globl grow_few\n"
    ".type grow_few,@function\n"
    "grow_few:\n"
    ".functype grow_few (i32) -> (i32)\n"
    "ref.null_extern\n"
    "local.get 0\n"
    "table.grow few\n"
    "end_function\n");

int32_t exports_weft_test_tables_tables_grow_small(uint32_t by) { return grow_few(by); }
