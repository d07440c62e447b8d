/** Rust humantime's units in seconds, largest first: the years and months are averages, the long ones have plurals. */
const units = [
  { name: 'year', seconds: 31_557_600, plural: true },
  { name: 'month', seconds: 2_630_016, plural: true },
  { name: 'day', seconds: 86_400, plural: true },
  { name: 'h', seconds: 3_600, plural: false },
  { name: 'm', seconds: 60, plural: false },
  { name: 's', seconds: 1, plural: false },
] as const

/** Whole seconds as Rust hosts write them in `uptime_human`: `0s`, `1m 30s`, `1day 2h`, `2days`. */
export function formatUptime(seconds: number): string {
  let rest = Math.max(0, Math.floor(seconds))
  const parts: string[] = []
  for (const unit of units) {
    const many = Math.floor(rest / unit.seconds)
    rest -= many * unit.seconds
    if (many > 0) parts.push(`${many}${unit.name}${unit.plural && many > 1 ? 's' : ''}`)
  }
  return parts.length === 0 ? '0s' : parts.join(' ')
}
