/** The states of an application or a part of it, worst first: the worst part is the state of the whole. */
export const statusTypes = [
  'failed',
  'undeployed',
  'waiting',
  'reconciling',
  'unhealthy',
  'deployed',
] as const
export type StatusType = (typeof statusTypes)[number]

/** A status with the reason for it. */
export interface StatusInfo {
  readonly type: StatusType
  readonly message: string
}
