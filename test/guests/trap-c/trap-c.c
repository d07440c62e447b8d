// Traps three calls deep, with DWARF to tell where.
// Build: node manifests/build.ts trap-c
#include "trap_c.h"

__attribute__((noinline)) static uint32_t burn(uint32_t cakes) {
  uint32_t burnt = 0;
  // A loop, so that there is something to rewrite before the trap.
  for (uint32_t cake = 0; cake < cakes; cake++) {
    burnt += cake % 7;
    if (burnt > 20) __builtin_trap();
  }
  return burnt;
}

__attribute__((noinline)) static uint32_t open_the_oven(uint32_t cakes) {
  uint32_t before = cakes / 2;
  return burn(before) + burn(cakes);
}

uint32_t exports_trap_c_bake(uint32_t cakes) {
  return open_the_oven(cakes) + 1;
}
