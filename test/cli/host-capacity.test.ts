import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { openCli } from '../support/run-cli.ts'

let cli: Awaited<ReturnType<typeof openCli>>
before(async () => {
  cli = await openCli()
})
after(() => cli.close())

test('what a host can carry is a number and a size; anything else is refused by name', async () => {
  const many = await cli.run('host', '--max-instances', 'many')
  assert.deepEqual([many.code, many.err], [2, 'weft: --max-instances: expected a number, got "many"\n'])
  const much = await cli.run('host', '--max-memory', 'much')
  assert.deepEqual(
    [much.code, much.err],
    [2, 'weft: --max-memory: expected a size such as 8GiB, got "much"\n'],
  )
})
