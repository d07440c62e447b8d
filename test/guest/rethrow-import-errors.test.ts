import assert from 'node:assert/strict'
import { it } from 'node:test'
import { rethrowImportErrors } from '../../src/guest/rethrow-import-errors.ts'

const place = (end: string) => `
      _debugLog('[Instruction::CallInterface] error during async call', {
        taskID: task.id(),
        err,
      });
      getOrCreateAsyncState(0).markTrapped(err);
      task.setErrored(err);
      task.reject(err);
      task.exit();
      ${end}
`

it('a failed import throws at its guest instead of waiting for ever', () => {
  const end = 'return task.completionPromise();'
  assert.equal(rethrowImportErrors(place(end) + place(end)), place('throw err;') + place('throw err;'))
  assert.equal(rethrowImportErrors('nothing'), 'nothing')
})

it('glue that looks otherwise is refused', () => {
  assert.throws(
    () => rethrowImportErrors(place('return other();')),
    /1 suspending imports .* 0 look as expected/,
  )
})
