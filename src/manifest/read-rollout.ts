import { Fields, nameOf } from './fields.ts'
import { isLocatedList, type Located } from './located.ts'
import { readTime } from './read-quantity.ts'
import type { Report } from './report.ts'

/** How a new version of a component or provider comes to its hosts. */
export interface RolloutRule {
  /** How many hosts are to run the new version, one step after the other; the last step is always all of them. */
  readonly steps: readonly RolloutStep[]
  /** How long each step is watched before the next. */
  readonly pauseMs: number
  /** The share of calls that may trap while a step is watched, 0 to 1. */
  readonly maxTrapRate: number
  /** A URL that must answer with 2xx while a step is watched. */
  readonly check: string | undefined
  /** How long it may take until one more host is ready. */
  readonly timeoutMs: number
}

/** A number of hosts, or a share of them from 0 to 1. */
export type RolloutStep = { readonly hosts: number } | { readonly share: number }

const defaultPauseMs = 10_000
const defaultMaxTrapRate = 0.05
const defaultTimeoutMs = 300_000

/** One host, then all. */
const defaultSteps: readonly RolloutStep[] = [{ hosts: 1 }, { share: 1 }]

/** What holds without the trait: one host goes first, and nothing is watched but the start. */
export const plainRollout: RolloutRule = {
  steps: defaultSteps,
  pauseMs: 0,
  maxTrapRate: 1,
  check: undefined,
  timeoutMs: defaultTimeoutMs,
}

/** Reads the properties of a `rollout` trait. */
export function readRollout(report: Report, node: Located): RolloutRule | undefined {
  const fields = Fields.open(report, node, {
    what: 'the rollout',
    known: ['steps', 'pause', 'maxTrapRate', 'check', 'timeout'],
    others: 'refused',
  })
  if (!fields) return undefined
  return {
    steps: readSteps(fields),
    pauseMs: readTime(fields, 'pause') ?? defaultPauseMs,
    maxTrapRate: readPercent(fields, 'maxTrapRate') ?? defaultMaxTrapRate,
    check: readCheck(fields),
    timeoutMs: readTime(fields, 'timeout') ?? defaultTimeoutMs,
  }
}

function readSteps(fields: Fields): readonly RolloutStep[] {
  const node = fields.get('steps')
  if (!node) return defaultSteps
  const steps = fields.list('steps').flatMap((step) => readStep(fields.report, step) ?? [])
  if (isLocatedList(node.value) && node.value.length === 0)
    fields.report.problem(node.offset, '"steps" of the rollout is empty, expected a list such as [1, 50%]')
  return steps
}

function readStep(report: Report, node: Located): RolloutStep | undefined {
  const { value } = node
  if (typeof value === 'number' && Number.isSafeInteger(value) && value > 0) return { hosts: value }
  const share = percentOf(value)
  if (share !== undefined && share > 0) return { share }
  report.problem(node.offset, `a step is ${nameOf(node)}, expected a number of hosts such as 1, or 25%`)
  return undefined
}

function readPercent(fields: Fields, name: string): number | undefined {
  const node = fields.get(name)
  if (!node) return undefined
  const share = percentOf(node.value)
  if (share === undefined)
    fields.report.problem(node.offset, `"${name}" is ${nameOf(node)}, expected a share such as 5%`)
  return share
}

/** `25%` as 0.25. */
function percentOf(value: Located['value']): number | undefined {
  const [, digits] = /^(\d+(?:\.\d+)?) ?%$/.exec(String(value)) ?? []
  const share = Number(digits) / 100
  return share <= 1 ? share : undefined
}

function readCheck(fields: Fields): string | undefined {
  const url = fields.text('check')
  if (url === undefined || (URL.canParse(url) && /^https?:/.test(url))) return url
  fields.report.problem(
    fields.get('check')?.offset ?? fields.offset,
    `"check" of the rollout is "${url}", expected an http or https URL such as http://127.0.0.1:8000/health`,
  )
  return undefined
}
