import { deadline, headers, type Msg, type MsgHdrs } from 'nats'
import { WeftError } from '../errors.ts'
import type { Log } from '../log.ts'
import { subscribeGuarded } from './connect.ts'
import type { ControlHandlers, ControlReply } from './control.ts'
import { type Answer, hostAnswers, refused } from './control-host.ts'
import { type LatticeParts, latticeAnswers } from './control-lattice.ts'
import { controlSubjects } from './subjects.ts'
import { traceFrom } from './trace-headers.ts'

export interface ServeControlOptions extends LatticeParts {
  readonly hostId: string
  readonly handlers: ControlHandlers
  readonly log: Log
  /** Where control requests come in; default `wasmbus.ctl`. */
  readonly controlPrefix?: string
}

const flushTimeoutMs = 5_000
/** How long `stop` waits for answers that are being made. */
const stopTimeoutMs = 2_000
const traceHeaders = ['traceparent', 'tracestate']

/**
 * Answers the control interface for one host, and its share of the lattice's link, config and claims requests.
 * Resolves when the server has all subscriptions: from then on no request is missed.
 */
export async function serveControl(options: ServeControlOptions): Promise<{ stop(): Promise<void> }> {
  const { connection, lattice, hostId, log } = options
  const subjects = controlSubjects(lattice, options.controlPrefix)
  const answers = { ...hostAnswers(hostId, options.handlers), ...latticeAnswers(options) }
  const running = new Set<Promise<void>>()
  const onMessage = (message: Msg) => {
    const work = answerRequest({ message, root: subjects.root, answers, log })
    running.add(work)
    return work.finally(() => running.delete(work))
  }
  const subscriptions = subscriptionsOf(subjects, hostId).map(([subject, queue]) =>
    subscribeGuarded(connection, subject, { onMessage, log, ...(queue === undefined ? {} : { queue }) }),
  )
  await deadline(connection.flush(), flushTimeoutMs)
  return {
    async stop() {
      const drained = subscriptions.filter((sub) => !sub.isClosed()).map((sub) => sub.drain())
      const finished = Promise.allSettled(drained).then(() => Promise.allSettled(running))
      await deadline(finished, stopTimeoutMs).catch(() =>
        log.warn('stopped with control requests unanswered'),
      )
    },
  }
}

function subscriptionsOf(
  subjects: ReturnType<typeof controlSubjects>,
  hostId: string,
): readonly (readonly [subject: string, queue?: string])[] {
  return [
    [subjects.hostPing],
    [subjects.registryPut],
    [subjects.componentAuction],
    [subjects.providerAuction],
    [subjects.anyComponent(hostId)],
    [subjects.anyProvider(hostId)],
    [subjects.anyLabel(hostId)],
    [subjects.anyHost(hostId)],
    [subjects.anyLink, subjects.linkQueue],
    [subjects.claimsGet, subjects.claimsQueue],
    [subjects.anyConfig, subjects.configQueue],
  ]
}

interface Request {
  readonly message: Msg
  readonly root: string
  readonly answers: Readonly<Record<string, Answer>>
  readonly log: Log
}

async function answerRequest(request: Request): Promise<void> {
  const reply = await replyTo(request)
  if (reply === undefined || !request.message.reply) return
  const traced = traceOf(request.message.headers)
  const options = traced === undefined ? {} : { headers: traced }
  try {
    request.message.respond(JSON.stringify(reply), options)
  } catch (error) {
    // What the client throws here is a reply above max_payload: the asker gets to know, instead of waiting.
    const problem = `the reply cannot be sent: ${WeftError.from(error).message}`
    request.log.error(problem, { subject: request.message.subject })
    request.message.respond(JSON.stringify(refused(problem)), options)
  }
}

async function replyTo({ message, root, answers, log }: Request): Promise<ControlReply | undefined> {
  const found = findAnswer(message.subject.slice(root.length + 1), answers)
  if (!found) {
    log.debug('control request refused: unsupported subject', { subject: message.subject })
    return refused('unsupported subject')
  }
  try {
    return await found.answer(message.data, found.name, traceFrom(message.headers))
  } catch (thrown) {
    const { code, message: text, cause } = WeftError.from(thrown)
    const detail = cause instanceof Error ? cause.message : undefined
    log.write(code === 'internal' ? 'error' : 'debug', `control request failed: ${text}`, {
      subject: message.subject,
      error: detail,
    })
    return refused(text)
  }
}

/** `{kind}.{operation}` or `{kind}.{operation}.{name}`; a name with a dot is more tokens than any request has. */
function findAnswer(path: string, answers: Readonly<Record<string, Answer>>) {
  const [kind = '', operation = '', name, ...rest] = path.split('.')
  const key = name === undefined ? `${kind}.${operation}` : `${kind}.${operation}.*`
  const answer = rest.length === 0 && Object.hasOwn(answers, key) ? answers[key] : undefined
  return answer && { answer, name: name ?? '' }
}

function traceOf(given: MsgHdrs | undefined): MsgHdrs | undefined {
  const found = traceHeaders.filter((name) => given?.has(name))
  if (!given || found.length === 0) return undefined
  const copy = headers()
  for (const name of found) copy.set(name, given.get(name))
  return copy
}
