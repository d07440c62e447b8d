/**
 * How many spans go to the collector in one request, and as one message from their thread to the one that sends them; and
 * how many wait at most, in each place. Some 250 bytes each: requests of three megabytes, below what collectors take, and a
 * dozen megabytes of memory while one is away. Under load a request costs more than what stands in it, so few big ones.
 */
export const spanQueue = { batchSize: 12_288, maxWaiting: 49_152 } as const
