import type { Command } from './command.ts'

/** All commands by name, in the order of the help; each is loaded when it is used. */
export const commands: Readonly<Record<string, () => Promise<{ readonly command: Command }>>> = {
  up: () => import('./up.ts'),
  down: () => import('./down.ts'),
  host: () => import('./host.ts'),
  app: () => import('./app.ts'),
  get: () => import('./get.ts'),
  scale: () => import('./scale.ts'),
  call: () => import('./call.ts'),
  update: () => import('./update.ts'),
  start: () => import('./start.ts'),
  stop: () => import('./stop.ts'),
  link: () => import('./link.ts'),
  config: () => import('./config.ts'),
  label: () => import('./label.ts'),
  drain: () => import('./drain.ts'),
  sign: () => import('./sign.ts'),
  secrets: () => import('./secrets.ts'),
  push: () => import('./push.ts'),
  pull: () => import('./pull.ts'),
  traces: () => import('./traces.ts'),
  logs: () => import('./logs.ts'),
  spy: () => import('./spy.ts'),
  doctor: () => import('./doctor.ts'),
}
