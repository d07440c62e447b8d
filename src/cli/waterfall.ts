import type { SpanRecord } from '../telemetry/span.ts'
import { buildSpanTree, drawnTimes, type SpanTree, type TreeSpan } from '../telemetry/span-tree.ts'
import { summarizeTrace, type TraceSummary } from '../telemetry/summarize-trace.ts'
import { formatDuration } from './format-duration.ts'
import { clip, fit, paint, plain } from './terminal-text.ts'

export interface RenderOptions {
  /** Columns of the terminal. Default 100; less than 60 is taken for 60. */
  readonly width?: number
  /** Colours by ANSI escapes. Default off. */
  readonly color?: boolean
}

const leastWidth = 60
const durationWidth = 11
/** Each level of depth takes two columns; this many columns of width allow for one level more. */
const widthPerDepth = 7
/** All columns of the list but name and components. */
const fixedWidth = 18 + 10 + 11 + 7 + 8

/**
 * Draws the spans of one trace as a waterfall for a terminal: a head, then a line per span with its name, its component
 * and host, a bar on the trace's time and its duration. What spans say of themselves is not trusted: control characters
 * are replaced.
 */
export function renderTrace(spans: readonly SpanRecord[], options: RenderOptions = {}): string {
  const summary = summarizeTrace(spans)
  if (!summary) return 'no spans\n'
  const tree = buildSpanTree(spans)
  const all = [...tree.rooted, ...tree.orphans]
  const drawing = layOut(all, options)
  const lines = [
    ...head(summary, drawing),
    '',
    ...tree.rooted.flatMap((node) => spanLines(node, drawing)),
    ...orphanLines(tree, drawing),
    ...skewLines(all, drawing),
  ]
  return `${lines.join('\n')}\n`
}

/** Draws traces as a table, in the order they come. */
export function renderTraceList(traces: readonly TraceSummary[], options: RenderOptions = {}): string {
  if (traces.length === 0) return 'no traces\n'
  const width = Math.max(leastWidth, options.width ?? 100)
  const nameWidth = Math.floor((width - fixedWidth) / 2)
  const row = (cells: readonly [string, string, string, string, string, string, string]) =>
    [
      cells[0].padEnd(18),
      cells[1].padEnd(10),
      cells[2].padStart(9).padEnd(11),
      cells[3].padStart(5).padEnd(7),
      cells[4].padStart(6).padEnd(8),
      fit(cells[5], nameWidth),
      clip(plain(cells[6]), width - fixedWidth - nameWidth),
    ].join('')
  const lines = traces.map((trace) => {
    const text = row([
      trace.traceId.slice(0, 16),
      new Date(trace.start).toISOString().slice(11, 19),
      formatDuration(trace.durationMs),
      String(trace.spans),
      trace.errors > 0 ? `✗ ${trace.errors}` : '',
      `${trace.hasRoot ? '' : '… '}${trace.name}`,
      trace.services.join(', '),
    ])
    return trace.errors > 0 ? paint('red', text, options) : text
  })
  const title = row(['TRACE', 'START', 'DURATION', 'SPANS', 'ERRORS', 'NAME', 'COMPONENTS'])
  return `${[paint('dim', title, options), ...lines].join('\n')}\n`
}

interface Drawing {
  readonly options: RenderOptions
  readonly maxDepth: number
  readonly start: number
  readonly span: number
  readonly nameWidth: number
  readonly whoWidth: number
  readonly barWidth: number
}

function layOut(nodes: readonly TreeSpan[], options: RenderOptions): Drawing {
  const width = Math.max(leastWidth, options.width ?? 100)
  const maxDepth = Math.floor(width / widthPerDepth)
  const { start, end } = drawnTimes(nodes)
  const longest = (length: (node: TreeSpan) => number, most: number) =>
    nodes.reduce((found, node) => (found >= most ? most : Math.min(most, Math.max(found, length(node)))), 8)
  const nameWidth =
    longest((node) => indentOf(node, maxDepth).length + markedName(node).length, Math.floor(width * 0.4)) + 1
  const whoWidth = longest((node) => who(node.span).length, Math.floor(width * 0.25)) + 1
  return {
    options,
    maxDepth,
    start,
    span: end - start,
    nameWidth,
    whoWidth,
    barWidth: width - nameWidth - whoWidth - durationWidth,
  }
}

function head(summary: TraceSummary, drawing: Drawing): string[] {
  const hosts = summary.hosts.map(plain)
  const shown = hosts.slice(0, 8).join(', ') + (hosts.length > 8 ? ', …' : '')
  const facts = [
    formatDuration(drawing.span),
    count(summary.spans, 'span'),
    ...(summary.errors > 0 ? [count(summary.errors, 'error')] : []),
    `${count(hosts.length, 'host')}: ${shown}`,
    new Date(summary.start).toISOString(),
  ]
  return [paint('bold', `trace ${summary.traceId}`, drawing.options), facts.join(' · ')]
}

function spanLines(node: TreeSpan, drawing: Drawing): string[] {
  const { options, nameWidth, whoWidth, barWidth } = drawing
  const indent = indentOf(node, drawing.maxDepth)
  const failed = node.span.status.code === 'error'
  const name = fit(markedName(node), nameWidth - indent.length)
  const duration = formatDuration(node.span.end - node.span.start).padStart(durationWidth)
  const line = [
    paint('dim', indent, options),
    failed ? paint('red', name, options) : name,
    paint('dim', fit(who(node.span), whoWidth), options),
    paint(failed ? 'red' : 'cyan', bar(node, drawing).padEnd(barWidth), options),
    duration,
  ].join('')
  const message = failed ? failureOf(node.span) : ''
  if (message === '') return [line]
  const room = nameWidth + whoWidth + barWidth + durationWidth - indent.length - 2
  return [line, paint('red', `${' '.repeat(indent.length + 2)}${clip(message, room)}`, options)]
}

function failureOf(span: SpanRecord): string {
  const type = span.attributes['error.type']
  const message = span.status.message ?? ''
  const known = typeof type === 'string' && !message.startsWith(type) ? type : ''
  return plain([known, message].filter(Boolean).join(': '))
}

function bar(node: TreeSpan, drawing: Drawing): string {
  const { barWidth, start, span } = drawing
  const scale = span > 0 ? barWidth / span : 0
  const from = Math.min(barWidth - 1, Math.max(0, Math.floor((node.span.start + node.shift - start) * scale)))
  const cells = Math.round((node.span.end - node.span.start) * scale)
  return ' '.repeat(from) + (cells < 1 ? '▏' : '█'.repeat(Math.min(cells, barWidth - from)))
}

function indentOf(node: TreeSpan, maxDepth: number): string {
  if (node.depth === 0) return ''
  if (node.depth > maxDepth) return `${'  '.repeat(maxDepth - 3)}⋯${node.depth} `
  let above = ''
  for (let parent = node.parent; parent && parent.depth > 0; parent = parent.parent) {
    above = `${parent.isLast ? '  ' : '│ '}${above}`
  }
  return `${above}${node.isLast ? '└ ' : '├ '}`
}

function orphanLines(tree: SpanTree, drawing: Drawing): string[] {
  if (tree.orphans.length === 0) return []
  const note = `the parents of these have not been seen (not sampled, lost, or still running):`
  return [
    '',
    paint('dim', note, drawing.options),
    ...tree.orphans.flatMap((node) => spanLines(node, drawing)),
  ]
}

function skewLines(nodes: readonly TreeSpan[], drawing: Drawing): string[] {
  const moved = new Map(
    nodes
      .filter((node) => node.shift !== 0)
      .map((node) => [hostOf(node.span), Math.abs(node.shift)] as const),
  )
  if (moved.size === 0) return []
  const hosts = [...moved].slice(0, 8).map(([host, shift]) => `${host} by ${formatDuration(shift)}`)
  return ['', paint('dim', `clocks differ; moved in this drawing: ${hosts.join(', ')}`, drawing.options)]
}

function markedName(node: TreeSpan): string {
  return `${node.span.status.code === 'error' ? '✗ ' : ''}${plain(node.span.name) || '(no name)'}`
}

function who(span: SpanRecord): string {
  return `${plain(span.resource.service)}@${hostOf(span)}`
}

function hostOf(span: SpanRecord): string {
  return plain(span.resource.hostName || span.resource.hostId.slice(0, 8))
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`
}
