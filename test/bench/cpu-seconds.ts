import { readdir, readFile } from 'node:fs/promises'

/** Clock ticks a second, as Linux has it everywhere. */
const ticks = 100

/** CPU time that a process has used so far, in seconds: user and system, all threads. */
export async function cpuSeconds(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8')
  // Fields 14 and 15, counted behind the name in brackets, which may hold spaces.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) / ticks
}

/**
 * CPU time that each living thread of a process has used so far, in microseconds, by its id; for stretches that ticks are too
 * coarse for.
 */
export async function threadMicros(pid: number): Promise<ReadonlyMap<string, number>> {
  const threads = await readdir(`/proc/${pid}/task`)
  // The first field is the time on a CPU in nanoseconds.
  const micros = async (thread: string) =>
    Number.parseInt(await readFile(`/proc/${pid}/task/${thread}/schedstat`, 'utf8'), 10) / 1000
  return new Map(await Promise.all(threads.map(async (thread) => [thread, await micros(thread)] as const)))
}

/** Memory of a process that lies in RAM, in MiB. */
export async function rssMiB(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8')
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) / 1024
}
