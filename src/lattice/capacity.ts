/** What a host can carry. Infinity where it does not say. */
export interface Capacity {
  /** Invocations that may run at once, summed over `max_instances` of its components. */
  readonly instances: number
  /** Bytes, summed over the memory limits of all instances of components that state one. */
  readonly memoryBytes: number
}

/**
 * The labels that say what a host can carry, so that any host can have them and `weft label put` changes them: a number,
 * and a size such as `8GiB`.
 */
export const capacityLabels = {
  instances: 'weft.capacity.instances',
  memory: 'weft.capacity.memory',
} as const

const units: Readonly<Record<string, number>> = {
  '': 1,
  B: 1,
  kB: 1e3,
  MB: 1e6,
  GB: 1e9,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
}

/** Reads the capacity from a host's labels; one that can't be read counts as not said. */
export function capacityOf(labels: Readonly<Record<string, string>>): Capacity {
  return {
    instances: readCount(labels[capacityLabels.instances]) ?? Number.POSITIVE_INFINITY,
    memoryBytes: readBytes(labels[capacityLabels.memory]) ?? Number.POSITIVE_INFINITY,
  }
}

/** A whole number from 0 on; undefined for anything else. */
export function readCount(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined
}

/** `64MiB`, `1.5GB` or plain bytes as a number of bytes; undefined for anything else. */
export function readBytes(text: string | undefined): number | undefined {
  const [, digits, unit = ''] = /^(\d{1,15}(?:\.\d+)?) ?([A-Za-z]*)$/.exec(text ?? '') ?? []
  const factor = Object.hasOwn(units, unit) ? units[unit] : undefined
  return digits === undefined || factor === undefined ? undefined : Math.round(Number(digits) * factor)
}
