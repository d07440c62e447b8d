/** The longest string or list, and the largest set of params or results, that is read from a peer: 64 MiB. */
export const maxValueBytes = 64 * 1024 * 1024

/** What one value may cost in memory once decoded, counted in list elements (a number is 1, anything else more). */
export const maxValueWeight = 32 * 1024 * 1024

/** How much of a stream may wait unread. The protocol has no flow control: a sender can't be told to wait. */
export const maxChannelBytes = 64 * 1024 * 1024

/** How many streams and futures one call may carry in one direction. */
export const maxChannels = 65_536

/** After so many bytes a sender waits for NATS to have read all but the last so many: it buffers twice that at most. */
export const flushEveryBytes = 1024 * 1024
