import { useSecond } from '../live/second'
import { clockSpan } from '../live/span'

/** How long ago a moment was, counting. */
export function Age({ since }: { since: string | number | undefined }) {
  const second = useSecond()
  if (since === undefined) return null
  const from = typeof since === 'number' ? since : Date.parse(since)
  return <span className="wall-number">{clockSpan(second - from / 1000)}</span>
}
