import { readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { defineProvider, parseWitInterfaces } from 'weft-lattice'

const wit = new URL('../../manifests/chain/wit/greetings.wit', import.meta.url)

/**
 * The greeter for tests, as a module. Names that do something else: `pid`; `link` and `config` tell their `greeting`;
 * `slow` takes half a second; `leave` and
 * `stumble` answer, and the process exits or throws soon after; `stuck` never answers; `die` ends the process in mid-call; `freeze` blocks it for good.
 */
export default defineProvider({
  name: 'greeter',
  runs: 'once',
  exports: parseWitInterfaces(readFileSync(wit, 'utf8')).slice(0, 1),
  async start({ config: given, log }) {
    let config = given
    const links = new Map<string, string>()
    const answers: Readonly<Record<string, (source: string) => Promise<string> | string>> = {
      pid: () => String(process.pid),
      link: (source) => links.get(source) ?? 'none',
      config: () => config['greeting'] ?? 'none',
      slow: () => delay(500, 'that took half a second'),
      stuck: () => new Promise(() => {}),
      leave: () => {
        setTimeout(() => process.exit(3), 50)
        return 'bye'
      },
      stumble: () => {
        setTimeout(() => {
          throw new Error('the greeter has stumbled')
        }, 50)
        return 'oh'
      },
      die: () => process.exit(3),
      freeze: () => {
        for (;;);
      },
    }
    return {
      async serve({ args, source }) {
        const [name] = args as [string]
        return { tag: 'ok', val: (await answers[name]?.(source)) ?? `Hello, ${name}!` }
      },
      async putLink({ source, targetConfig }) {
        if (targetConfig['greeting'] === 'refused') throw new Error('that greeting is not for this house')
        links.set(source, targetConfig['greeting'] ?? 'none')
      },
      async deleteLink({ source }) {
        links.delete(source)
      },
      async putConfig(changed) {
        config = changed
      },
      async stop() {
        log.info('the greeter has stopped')
      },
    }
  },
})
