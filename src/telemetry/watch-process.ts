import type { Measurements } from './measurements.ts'

const microsPerSecond = 1e6

/** Measures the process: CPU time, resident memory, age. */
export function watchProcess(measurements: Measurements): void {
  measurements.watch('cpuTime', () => {
    const { user, system } = process.cpuUsage()
    return [
      { labels: { 'cpu.mode': 'user' }, value: user / microsPerSecond },
      { labels: { 'cpu.mode': 'system' }, value: system / microsPerSecond },
    ]
  })
  measurements.watch('residentMemory', () => [{ labels: {}, value: process.memoryUsage.rss() }])
  measurements.watch('uptime', () => [{ labels: {}, value: process.uptime() }])
}
