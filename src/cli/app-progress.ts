import type { AppClient } from '../controller/api-client.ts'
import type { Terminal } from './command.ts'
import { clip, paint, plain } from './terminal-text.ts'

type Status = Awaited<ReturnType<AppClient['status']>>
type Scaler = Status['scalers'][number]

/**
 * Shows how a deploy goes, for each component and host with the reason where something waits: on a terminal as lines that
 * change in place, elsewhere as a line for each piece of news.
 */
export function appProgress(terminal: Terminal): { readonly show: (status: Status) => void } {
  return terminal.isColour ? inPlace(terminal) : lineByLine(terminal)
}

function lineByLine({ err }: Terminal): ReturnType<typeof appProgress> {
  const said = new Set<string>()
  return {
    show(status) {
      for (const { sign, text } of linesOf(status)) {
        const line = `  ${sign} ${text}\n`
        if (sign === '·' || said.has(line)) continue
        said.add(line)
        err(line)
      }
    },
  }
}

function inPlace({ err, width }: Terminal): ReturnType<typeof appProgress> {
  let shown = 0
  const draw = (lines: readonly string[]) => {
    err(
      `${shown > 0 ? `\u001b[${shown}A` : ''}${lines.map((line) => `\u001b[2K${line}\n`).join('')}\u001b[0J`,
    )
    shown = lines.length
  }
  return {
    show: (status) =>
      draw(
        linesOf(status).map(({ sign, text }) => {
          const line = clip(`  ${sign} ${text}`, width)
          return paint(sign === '✓' ? 'cyan' : sign === '·' ? 'dim' : 'red', line, { color: true })
        }),
      ),
  }
}

interface Line {
  /** `✓` runs, `·` is being changed, `…` waits or fails. */
  readonly sign: '✓' | '·' | '…'
  readonly text: string
}

function linesOf({ scalers }: Status): readonly Line[] {
  return scalers.flatMap((scaler) => (isWorkload(scaler) ? workloadLines(scaler) : otherLines(scaler)))
}

function isWorkload({ kind }: Scaler): boolean {
  return kind === 'SpreadScaler' || kind === 'DaemonScaler'
}

function workloadLines(scaler: Scaler): readonly Line[] {
  const { name, status, hosts = [] } = scaler
  const lines = hosts.map((host): Line => {
    const { type, message } = host.status
    const why = type === 'deployed' ? '' : `: ${reason(host.status)}`
    const sign = type === 'deployed' ? '✓' : type === 'reconciling' ? '·' : '…'
    return { sign, text: plain(`${name} on ${host.name}${message === '' ? '' : why}`) }
  })
  const isTold = lines.some(({ sign }) => sign === '…')
  const waits = status.type !== 'deployed' && status.type !== 'reconciling' && !isTold
  if (waits) return [...lines, { sign: '…', text: plain(`${name}: ${reason(status)}`) }]
  return lines.length === 0 ? [{ sign: status.type === 'deployed' ? '✓' : '·', text: plain(name) }] : lines
}

function otherLines({ name, status }: Scaler): readonly Line[] {
  if (status.type === 'deployed' || status.type === 'reconciling') return []
  return [{ sign: '…', text: plain(`${name}: ${reason(status)}`) }]
}

function reason({ type, message }: Status['status']): string {
  return message === '' ? type : message
}
