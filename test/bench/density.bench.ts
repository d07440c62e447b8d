import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { type Bench, below } from './bench.ts'

/** What `density-process.ts` prints: memory in RAM, in MiB. */
interface Density {
  readonly empty: number
  readonly components: number
  readonly instances: number
}

/** 1000 idle components with distinct digests on one thread, and then 1000 live small instances. */
export const benches: readonly Bench[] = [
  {
    name: 'density',
    async run() {
      const child = spawn(
        process.execPath,
        ['--expose-gc', join(import.meta.dirname, 'density-process.ts')],
        {
          stdio: ['ignore', 'pipe', 'inherit'],
        },
      )
      let text = ''
      child.stdout.on('data', (chunk: Buffer) => {
        text += chunk.toString()
      })
      await once(child, 'close')
      const { empty, components, instances } = JSON.parse(text) as Density
      return [
        below(1024, { bench: 'density components', value: components, unit: 'MiB', baseline: empty }),
        below(1024, { bench: 'density instances', value: instances, unit: 'MiB', baseline: empty }),
      ]
    },
  },
]
