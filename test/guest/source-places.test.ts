import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { coreSections } from '../../src/component/core-module.ts'
import { readLineRows } from '../../src/component/dwarf-lines.ts'
import { instrument } from '../../src/component/instrument.ts'
import { readProgram } from '../../src/component/read-program.ts'
import { fakeServices, guestBytes, guestCall, openGuests } from '../support/guest.ts'

let guests: Awaited<ReturnType<typeof openGuests>>
before(async () => {
  guests = await openGuests()
})
after(() => guests.close())

/** The stack that is logged when `name` traps. */
async function trapIn(path: string, name: string, args: readonly unknown[]): Promise<string[]> {
  const component = await guests.load(path)
  const services = fakeServices()
  await assert.rejects(component.run(guestCall(component, name, args), services), { code: 'trapped' })
  const line = services.lines.find(({ level }) => level === 'error')
  return String(line?.attributes['stack']).split('\n')
}

describe('a trap', () => {
  test('shows file, line and column of every call that led to it, from DWARF', async () => {
    const stack = await trapIn('test/guests/trap-c/trap-c.wasm', 'bake', [40])
    assert.deepEqual(stack.slice(0, 3), [
      'at burn (test/guests/trap-c/trap-c.c:10:21)',
      'at open_the_oven (test/guests/trap-c/trap-c.c:17:10)',
      'at exports_trap_c_bake (test/guests/trap-c/trap-c.c:21:10)',
    ])
  })

  test('shows functions and the module where there is no DWARF', async () => {
    const stack = await trapIn('test/guests/calc/calc.wasm', 'trap', [])
    assert.match(stack[0] ?? '', /^at calc::trap_by_name \(calc\.wasm:0x[0-9a-f]+\)$/)
  })
})

describe('line tables that are broken', () => {
  test('are left out, and the module runs all the same', async () => {
    const [module] = readProgram(await guestBytes('test/guests/trap-c/trap-c.wasm')).modules
    assert.ok(module)
    const bytes = Uint8Array.from(module)
    const whole = readLineRows(bytes, coreSections(bytes))
    const name = Buffer.from('.debug_line')
    const start = Buffer.from(bytes).indexOf(name) + name.length
    let seed = 7
    const random = (below: number) => {
      seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648
      return seed % below
    }
    for (let round = 0; round < 200; round++) {
      const changed = Uint8Array.from(bytes)
      for (let change = 0; change < 5; change++) changed[start + random(2000)] = random(256)
      const rows = readLineRows(changed, coreSections(changed))
      assert.ok(rows.length <= whole.length * 10, `${rows.length} rows`)
      if (round % 40 === 0) assert.ok(instrument(changed).info.memory)
    }
  })
})
