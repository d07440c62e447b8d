import { defineProvider, type ProviderLink, parseWitInterfaces } from 'weft-lattice'

const hello: Readonly<Record<string, string>> = { en: 'Hello', fr: 'Bonjour', de: 'Guten Tag', it: 'Ciao' }

const [greeter] = parseWitInterfaces(`
  package weft-example:greetings@0.1.0;
  interface greeter {
    record word { text: string, letters: u32 }
    record stats { letters: u32, words: list<word> }
    greet: func(name: string) -> result<string, string>;
    measure: func(name: string) -> stats;
  }
`)

/** Greets in the language of the caller's link: link target config `language`, default `en`. */
export default defineProvider({
  name: 'phrasebook',
  runs: 'once',
  exports: greeter ? [greeter] : [],
  async start({ log }) {
    const languages = new Map<string, string>()
    const keyOf = ({ source, name }: Pick<ProviderLink, 'source' | 'name'>) => `${source} ${name}`
    return {
      async serve({ operation, args, source, context }) {
        // Calls come with arguments that are what the WIT type says.
        const [name] = args as [string]
        if (operation.function.name === 'measure') {
          const words = name.split(/\s+/).map((text) => ({ text, letters: text.length }))
          return { letters: words.reduce((sum, { letters }) => sum + letters, 0), words }
        }
        if (name === '') return { tag: 'err', val: 'nobody to greet' }
        const language = languages.get(keyOf({ source, name: context.linkName })) ?? 'en'
        return { tag: 'ok', val: `${hello[language]}, ${name}!` }
      },
      async putLink(link) {
        const language = link.targetConfig['language'] ?? 'en'
        if (!(language in hello))
          throw new Error(`language ${language}: I know ${Object.keys(hello).join(', ')}`)
        languages.set(keyOf(link), language)
        log.info(`${link.source} is greeted in ${language}`)
      },
      async deleteLink(link) {
        languages.delete(keyOf(link))
      },
      async stop() {},
    }
  },
})
