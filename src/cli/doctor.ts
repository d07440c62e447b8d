import { type Command, latticeFlags, outputFlag } from './command.ts'
import { checkAll, type Finding } from './doctor-checks.ts'
import { printJson, wantsJson } from './output.ts'
import { refuseExtra } from './refuse-extra.ts'
import { paint, plain } from './terminal-text.ts'

const marks = { well: '✓', wrong: '✗', off: '–' } as const satisfies Record<Finding['state'], string>

export const command: Command = {
  name: 'doctor',
  summary: 'Check this machine, NATS, and whether telemetry arrives',
  usage: ['weft doctor [flags]'],
  examples: [
    { run: 'weft doctor', does: 'check everything; one span, metric and log record go to the collector' },
    { run: 'weft doctor --nats-url nats://10.0.0.5:4222', does: 'the same with another NATS' },
  ],
  flags: { ...latticeFlags, ...outputFlag },
  async run(input) {
    const isJson = wantsJson(input)
    refuseExtra(input, 'weft doctor', 0)
    const findings = await checkAll(input)
    if (isJson) printJson(input, findings)
    else {
      const width = Math.max(...findings.map(({ what }) => what.length))
      for (const { what, state, detail } of findings) {
        const mark = paint(state === 'wrong' ? 'red' : 'cyan', marks[state], {
          color: input.terminal.isColour,
        })
        input.terminal.out(`${mark} ${what.padEnd(width)}  ${plain(detail)}\n`)
      }
    }
    return findings.some(({ state }) => state === 'wrong') ? 1 : 0
  },
}
