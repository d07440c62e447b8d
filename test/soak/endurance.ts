import { copyFile, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { rssMiB } from '../bench/cpu-seconds.ts'
import { fakeServices, guestCall, openGuests } from '../support/guest.ts'
import { openLattice } from '../support/lattice.ts'
import { until } from '../support/until.ts'
import { root } from '../support/weft.ts'

// npm run endurance -- [--calls 10000000] [--redeploys 1000]: calls of reused instances, and a component that a host is
// given anew again and again, each time with code it has not seen. From the first tenth to the end memory must grow by less
// than what V8 lets lie until it has a reason to look, and by almost nothing once the host has rested: then V8 gives back
// what its young generation had grown to, and the compile thread has ended.
const { values } = parseArgs({
  options: { calls: { type: 'string', default: '10000000' }, redeploys: { type: 'string', default: '1000' } },
})

const mostGrowthMiB = 100
const mostRestedGrowthMiB = 32
const isFlat = [await callOften(Number(values.calls)), await redeployOften(Number(values.redeploys))]
process.exitCode = isFlat.every(Boolean) ? 0 : 1

async function callOften(calls: number): Promise<boolean> {
  const guests = await openGuests()
  try {
    const component = await guests.load('test/guests/calc/calc.wasm', {
      settings: { reuse: { invocations: 1_000_000, concurrent: 1 } },
    })
    const services = fakeServices()
    const { operation } = guestCall(component, 'add', [1, 2])
    const some = async (count: number) => {
      for (let at = 0; at < count; at += 1) {
        await component.run({ ...guestCall(component, 'add', [at, 2]), operation }, services)
      }
    }
    await some(calls / 10)
    const before = await rssMiB(process.pid)
    await some(calls - calls / 10)
    const after = await rssMiB(process.pid)
    told(`${calls} calls of reused instances`, before, after)
    return after - before < mostGrowthMiB
  } finally {
    await guests.close()
  }
}

async function redeployOften(redeploys: number): Promise<boolean> {
  const lattice = await openLattice()
  try {
    const host = await lattice.startHost()
    const path = join(lattice.place.folder, 'guest.wasm')
    await copyFile(join(root, 'test/guests/http-hello-p2/http-hello-p2.wasm'), path)
    const bytes = await readFile(path)
    const once = async (copy: number) => {
      const file = join(lattice.place.folder, `guest-${copy}.wasm`)
      await writeFile(file, distinct(bytes, copy))
      const ref = `file://${file}`
      await lattice.client.scale({
        host_id: host.id,
        component_id: 'guest',
        component_ref: ref,
        count: 10,
        annotations: {},
        config: [],
        allow_update: true,
      })
      await until(
        () =>
          lattice.events
            .slice(-20)
            .some(
              ({ name, data }) =>
                name === 'component_scaled' && 'image_ref' in data && data.image_ref === ref,
            ),
        { timeoutMs: 30_000, what: `redeployment ${copy}` },
      )
    }
    const first = Math.ceil(redeploys / 10)
    for (let copy = 0; copy < first; copy += 1) await once(copy)
    const { pid } = host.weft
    const before = { busy: await rssMiB(pid), rested: await restedMiB(pid) }
    for (let copy = first; copy < redeploys; copy += 1) await once(copy)
    const after = { busy: await rssMiB(pid), rested: await restedMiB(pid) }
    told(`${redeploys} redeployments, at once`, before.busy, after.busy)
    told(`${redeploys} redeployments, rested`, before.rested, after.rested)
    return after.busy - before.busy < mostGrowthMiB && after.rested - before.rested < mostRestedGrowthMiB
  } finally {
    await lattice.close()
  }
}

/** Memory of a host that was left alone until V8 and the compile thread had given back what they needed no more. */
async function restedMiB(pid: number): Promise<number> {
  await setTimeout(60_000)
  return rssMiB(pid)
}

function told(what: string, before: number, after: number): void {
  console.log(`${what}: ${before.toFixed(0)} MiB after the first tenth, ${after.toFixed(0)} MiB at the end`)
}

/** The same component with a custom section that says which copy it is. */
function distinct(bytes: Uint8Array, copy: number): Uint8Array {
  const name = Buffer.from(`copy-${copy}`)
  return Buffer.concat([bytes, Buffer.from([0, name.length + 1, name.length]), name])
}
