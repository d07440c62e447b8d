import { parseArgs } from 'node:util'
import { fuzzHost } from './fuzz-host.ts'

// npm run fuzz -- [--seconds 60] [--seed N]: rubbish on every subject that a host listens to.
const { values } = parseArgs({
  options: { seconds: { type: 'string', default: '60' }, seed: { type: 'string' } },
})
const seed = values.seed === undefined ? Date.now() % 1_000_000 : Number(values.seed)
console.log(`seed ${seed}`)
const outcome = await fuzzHost({ seconds: Number(values.seconds), seed })
const { messages, sessions, evilCalls, requests, wrong, before, after, unnamed } = outcome
console.log(
  `${messages} hostile messages, ${sessions} conversations, ${evilCalls} calls to an evil server; beside them ${requests} good requests`,
)
const met = [
  check(wrong.length === 0, `${wrong.length} good requests went wrong`, wrong.slice(0, 5)),
  check(after.calls <= before.calls, `open calls: ${before.calls} before, ${after.calls} after`),
  check(
    after.subscriptions <= before.subscriptions,
    `subscriptions: ${before.subscriptions}, ${after.subscriptions}`,
  ),
  check(after.files <= before.files + 2, `file handles: ${before.files}, ${after.files}`),
  check(unnamed.length === 0, `${unnamed.length} subjects that no log line names`, unnamed),
]
process.exitCode = met.every(Boolean) ? 0 : 1

function check(isMet: boolean, what: string, details: readonly string[] = []): boolean {
  console.log(`${isMet ? '✓' : '✗'} ${what}`)
  for (const detail of details) console.log(`  ${detail}`)
  return isMet
}
