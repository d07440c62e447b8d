import type { JsonRecords } from '../lattice/json-records.ts'
import type { StoredApp } from '../lattice/manifest-store.ts'
import { readStatus } from './notes.ts'
import { type Status, undeployedStatus } from './status.ts'

/** What is told between an undeploy and the controller's next look. */
const stillRuns = 'still to be removed: the controller has not looked at it yet'

/**
 * Tells the status of an application as the leading controller wrote it. One of another version than what is deployed
 * now is old news: then the truth is that nobody has looked yet.
 */
export function statusReader(
  statuses: JsonRecords,
  /** True while this controller leads, but has not yet compared the lattice with what is deployed. */
  isNew: () => boolean,
): (name: string, app: StoredApp) => Promise<Status> {
  return async (name, app) => {
    const written = await statuses.read(name)
    const status = written === undefined ? undefined : readStatus(written)
    if (app.deployed === undefined) {
      if (!status || status.status.type === 'undeployed') return status ?? undeployedStatus([])
      return { ...undeployedStatus([]), status: { type: 'undeployed', message: stillRuns }, remains: true }
    }
    const message = isNew()
      ? 'the controller has just started and waits to hear from the hosts'
      : `version ${app.deployed} was deployed; the controller has not looked at it yet`
    if (!isNew() && status?.version === app.deployed && status.status.type !== 'undeployed') return status
    return { status: { type: 'reconciling', message }, scalers: [], version: app.deployed, components: [] }
  }
}
