/**
 * The label of a host that hands its work to others and takes no new: `true` while it does. A label, so that every tool
 * sees it and `weft label del` takes it back.
 */
export const drainingLabel = 'weft.draining'

/** Whether a host with these labels takes no new work. */
export function isDraining(labels: Readonly<Record<string, string>>): boolean {
  return labels[drainingLabel] === 'true'
}

/** What a host that drains answers to who would start something on it. */
export const drainingRefusal = 'this host is draining and takes no new work; `weft drain --undo` ends that'
