import type { Invoke } from '../call/call.ts'
import { WeftError } from '../errors.ts'
import type { Provider, ProviderContext, ProviderDefinition, ProviderLink } from '../provider.ts'
import type { WitInterface } from '../wit/type.ts'
import { loadBuiltinProvider } from './builtin-providers.ts'
import type { PlannedProvider } from './thread-messages.ts'

export interface ProviderSurroundings {
  readonly contextOf: (planned: PlannedProvider) => ProviderContext
  readonly serve: (id: string, interfaces: readonly WitInterface[]) => Promise<{ drain(): Promise<void> }>
  /** True on the host's first thread, where providers run that must be there once. */
  readonly isLeader: boolean
  readonly onHealth: (provider: string, problem: string | undefined) => void
}

interface Running {
  planned: PlannedProvider
  readonly definition: ProviderDefinition
  readonly provider: Provider
  readonly server: { drain(): Promise<void> } | undefined
  /** Links of `planned` that the provider could not take. */
  refused: readonly ProviderLink[]
  problem: string | undefined
}

/** The in-process providers of this thread. */
export class ThreadProviders {
  readonly #around: ProviderSurroundings
  readonly #running = new Map<string, Running>()

  constructor(around: ProviderSurroundings) {
    this.#around = around
  }

  ids(): readonly string[] {
    return [...this.#running.keys()]
  }

  planned(id: string): PlannedProvider | undefined {
    return this.#running.get(id)?.planned
  }

  /** True when a call to this id can be answered on this thread. */
  serves(id: string): boolean {
    return this.#running.get(id)?.provider.serve !== undefined
  }

  /** Links that providers of this thread could not take. */
  refusedLinks(): ProviderLink[] {
    return [...this.#running.values()].flatMap((running) => running.refused)
  }

  /** Starts it, or brings the links of the running one up to date. A link that fails makes the provider unhealthy. */
  async put(planned: PlannedProvider): Promise<void> {
    const running = this.#running.get(planned.id) ?? (await this.#start(planned))
    if (!running) return
    const before = running.planned.links
    const working = before.filter((link) => !running.refused.includes(link))
    const refused: ProviderLink[] = []
    const { provider } = running
    if (JSON.stringify(running.planned.config) !== JSON.stringify(planned.config))
      await provider.putConfig?.(planned.config)
    running.planned = planned
    const moved = new Set<ProviderLink>()
    for (const link of before) {
      if (planned.links.some((other) => isSame(link, other))) continue
      const after = working.includes(link) && planned.links.find((other) => hasSameName(link, other))
      if (after && provider.moveLink) {
        moved.add(after)
        await provider.moveLink(link, after).catch(() => refused.push(after))
      } else await provider.deleteLink(link)
    }
    for (const link of planned.links) {
      if (moved.has(link) || working.some((other) => isSame(link, other))) continue
      await provider.putLink(link).catch(() => refused.push(link))
    }
    running.refused = refused
    await this.#checkHealth(running)
  }

  async remove(id: string): Promise<void> {
    const running = this.#running.get(id)
    if (!running) return
    this.#running.delete(id)
    await running.server?.drain()
    await running.provider.stop()
    if (running.problem !== undefined) this.#around.onHealth(id, undefined)
  }

  readonly dispatch: Invoke = async (call) => {
    const serve = this.#running.get(call.target)?.provider.serve
    if (!serve) throw new WeftError('not_found', `provider ${call.target} does not answer calls on this host`)
    call.course.willTell()
    try {
      const answer = await serve(call)
      call.course.answered(answer)
      return answer
    } catch (error) {
      call.course.failed(error)
      throw error
    }
  }

  async #start(planned: PlannedProvider): Promise<Running | undefined> {
    const definition = await loadBuiltinProvider(planned.name)
    if (definition.runs === 'once' && !this.#around.isLeader) return undefined
    const provider = await definition.start(this.#around.contextOf(planned))
    const isCallable = provider.serve && definition.exports.length > 0
    const running: Running = {
      planned: { ...planned, links: [] },
      definition,
      provider,
      server: undefined,
      refused: [],
      problem: undefined,
    }
    // It must be found before the first call for it can come in.
    this.#running.set(planned.id, running)
    if (!isCallable) return running
    const serving = { ...running, server: await this.#around.serve(planned.id, definition.exports) }
    this.#running.set(planned.id, serving)
    return serving
  }

  async #checkHealth(running: Running): Promise<void> {
    const problem = await running.provider.health?.()
    if (problem === running.problem) return
    running.problem = problem
    this.#around.onHealth(running.planned.id, problem)
  }
}

function isSame(a: ProviderLink, b: ProviderLink): boolean {
  return JSON.stringify(a) === JSON.stringify(b)
}

function hasSameName(a: ProviderLink, b: ProviderLink): boolean {
  return a.source === b.source && a.name === b.name && a.namespace === b.namespace && a.package === b.package
}
