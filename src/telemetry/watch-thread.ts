import { monitorEventLoopDelay, performance } from 'node:perf_hooks'
import { getHeapStatistics } from 'node:v8'
import type { Sample } from '../measure.ts'
import type { Measurements } from './measurements.ts'

/**
 * How often the loop is asked, in milliseconds: its delay is how late the answer comes. What holds it up for longer is seen
 * each time; and so often a thread wakes that has nothing else to do.
 */
const resolutionMs = 50
const nanosPerSecond = 1e9

/** Measures the thread it is called on: delay and use of its event loop, its heap. The answer ends that. */
export function watchThread(measurements: Measurements, thread: string): () => void {
  const delays = monitorEventLoopDelay({ resolution: resolutionMs })
  delays.enable()
  const seconds = (nanos: number) => Math.max(0, nanos / nanosPerSecond - resolutionMs / 1000)
  const one = (value: number): Sample[] => [{ labels: { thread }, value }]
  const delay = (read: () => number) => () => (delays.count === 0 ? [] : one(seconds(read())))
  let before = performance.eventLoopUtilization()
  const utilization = () => {
    const now = performance.eventLoopUtilization()
    const share = performance.eventLoopUtilization(now, before).utilization
    before = now
    return one(share)
  }
  const watches = [
    measurements.watch(
      'eventLoopDelayMean',
      delay(() => delays.mean),
    ),
    measurements.watch(
      'eventLoopDelayP50',
      delay(() => delays.percentile(50)),
    ),
    measurements.watch(
      'eventLoopDelayP99',
      delay(() => delays.percentile(99)),
    ),
    measurements.watch('eventLoopDelayMax', () => {
      const samples = delay(() => delays.max)()
      // The last of the four that is read.
      delays.reset()
      return samples
    }),
    measurements.watch('eventLoopUtilization', utilization),
    measurements.watch('heapUsed', () => one(getHeapStatistics().used_heap_size)),
  ]
  return () => {
    delays.disable()
    for (const end of watches) end()
  }
}
