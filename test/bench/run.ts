import { glob, writeFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import type { Bench, BenchRow } from './bench.ts'

// npm run bench -- [names…] [--json FILE]
const { values, positionals } = parseArgs({
  options: { json: { type: 'string' } },
  allowPositionals: true,
})
const benches: Bench[] = []
for await (const file of glob('*.bench.ts', { cwd: import.meta.dirname })) {
  const module = (await import(`./${file}`)) as { readonly benches: readonly Bench[] }
  benches.push(...module.benches)
}
benches.sort((a, b) => a.name.localeCompare(b.name))
const unknown = positionals.filter((name) => !benches.some((bench) => bench.name === name))
if (unknown.length > 0) {
  console.error(
    `no bench is called ${unknown.join(', ')}; there are ${benches.map(({ name }) => name).join(', ')}`,
  )
  process.exit(2)
}
const chosen = positionals.length === 0 ? benches : benches.filter(({ name }) => positionals.includes(name))
const rows: BenchRow[] = []
print('bench', 'value', 'unit', 'baseline', 'ratio', 'target')
let failed = false
for (const bench of chosen) {
  try {
    for (const row of await bench.run()) {
      rows.push(row)
      const mark = row.met === undefined ? '' : row.met ? '✓ ' : '✗ '
      print(
        row.bench,
        shown(row.value),
        row.unit,
        shown(row.baseline),
        shown(row.ratio),
        mark + (row.target ?? ''),
      )
    }
  } catch (error) {
    failed = true
    console.error(`${bench.name} failed:`, error)
  }
}
if (values.json !== undefined) {
  const plain = rows.map(({ bench, value, unit, baseline, ratio }) => ({
    bench,
    value,
    unit,
    baseline,
    ratio,
  }))
  await writeFile(values.json, `${JSON.stringify(plain, undefined, 2)}\n`)
}
process.exit(failed ? 1 : 0)

function print(name: string, ...cells: readonly string[]): void {
  console.log(name.padEnd(24) + cells.map((cell) => cell.padStart(13)).join(' '))
}

function shown(value: number | undefined): string {
  if (value === undefined) return '–'
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3)
}
