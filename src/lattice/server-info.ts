import { connect } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { WeftError } from '../errors.ts'
import { flag, or, parseJson, record, text } from './shape.ts'

/** Recovering a large store takes a while before the server listens. */
const startTimeoutMs = 30_000
const answerTimeoutMs = 1_000
const pollMs = 15

const infoShape = record({ server_name: text, version: text, jetstream: or(flag, false) })

/** Waits until the NATS server of this name answers on a port of the loopback with JetStream ready. */
export async function waitForServer(wanted: {
  readonly port: number
  readonly name: string
  /** Ends the wait early. */
  readonly signal: AbortSignal
}) {
  const end = performance.now() + startTimeoutMs
  while (performance.now() < end && !wanted.signal.aborted) {
    const info = await readInfo(wanted.port)
    if (info?.server_name === wanted.name && info.jetstream) return info
    await delay(pollMs)
  }
  throw new WeftError(
    'unavailable',
    `the NATS server does not answer on port ${wanted.port} within ${startTimeoutMs} ms`,
  )
}

/** The INFO line with which a NATS server greets; undefined when nobody does. */
async function readInfo(port: number) {
  const socket = connect({ port, host: '127.0.0.1', timeout: answerTimeoutMs })
  try {
    const line = await new Promise<string>((resolve, reject) => {
      let got = ''
      socket.setEncoding('utf8')
      socket.on('data', (chunk: string) => {
        got += chunk
        if (got.includes('\r\n')) resolve(got)
      })
      socket.on('error', reject)
      socket.on('timeout', () => reject(new Error('no greeting')))
      socket.on('close', () => reject(new Error('closed')))
    })
    const json = /^INFO (.*)\r\n/.exec(line)?.[1]
    return json === undefined ? undefined : parseJson(new TextEncoder().encode(json), infoShape)
  } catch {
    return undefined
  } finally {
    socket.destroy()
  }
}
