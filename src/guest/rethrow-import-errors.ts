// What the glue of jco 1.35 does when a suspending import without a `result` fails: it waits for the completion of the
// import's own task, which a task with a parent never announces. The guest's stack would stay suspended for ever.
const waitsForEver =
  /(\[Instruction::CallInterface\] error during async call', \{[^}]*\}\);\s*getOrCreateAsyncState\(\d+\)\.markTrapped\(err\);\s*task\.setErrored\(err\);\s*task\.reject\(err\);\s*task\.exit\(\);\s*)return task\.completionPromise\(\);/g

const marker = "[Instruction::CallInterface] error during async call'"

/**
 * Makes a failing suspending import trap its guest. Throws when the glue has such a place in another form than jco 1.35
 * gives it.
 */
export function rethrowImportErrors(glue: string): string {
  const patched = glue.replaceAll(waitsForEver, '$1throw err;')
  const places = glue.split(marker).length - 1
  const found = [...glue.matchAll(waitsForEver)].length
  if (found !== places) {
    throw new Error(
      `the glue has ${places} suspending imports without a result, of which ${found} look as expected`,
    )
  }
  return patched
}
