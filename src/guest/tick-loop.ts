/** Under this key the glue finds, beside its imports, whether its invocation is over. */
export const lifeKey = 'weft:life'

/** The end of an instance's life, as the glue's scheduler sees it. */
export interface InstanceLife {
  ended: boolean
}

const loopHead = 'while (result !== ComponentAsyncState.TickResult.DONE) {'
const delayed =
  /const delay = result === ComponentAsyncState\.TickResult\.RESUMED \? 0 : 10;\s*await new Promise\(\(resolve\) => setTimeout\(resolve, delay\)\);/
const firstDelay = /setTimeout\(async \(\) => \{(\s*let result = this\.tick\(\);[\s\S]*?)\}, 10\);/

/**
 * The scheduler of WASI 0.3 tasks in the glue of jco 1.35 looks for work by timer: 10 ms before the first look, 10 ms
 * between looks, for ever while a task is suspended. This makes it look at once after something was resumed, soon and
 * then less and less often while nothing is ready, and stop when the instance's invocation is over. Throws when the
 * glue's scheduler has another form.
 */
export function hastenTickLoop(glue: string): string {
  if (!glue.includes('async runTickLoop()')) return glue
  for (const part of [loopHead, delayed, firstDelay]) {
    const found = typeof part === 'string' ? glue.includes(part) : part.test(glue)
    if (!found) throw new Error(`the glue's scheduler has no ${part}`)
  }
  return glue
    .replace(firstDelay, 'setImmediate(async () => { let idle = 0;$1});')
    .replace(
      loopHead,
      `while (result !== ComponentAsyncState.TickResult.DONE && !imports['${lifeKey}']?.ended) {`,
    )
    .replace(
      delayed,
      `idle = result === ComponentAsyncState.TickResult.RESUMED ? 0 : idle + 1;
       await new Promise((resolve) => idle < 3 ? setImmediate(resolve) : setTimeout(resolve, Math.min(idle - 2, 10)));`,
    )
}
