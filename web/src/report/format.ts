import { text } from '../text/en/report'
import { zone } from './choice'

const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 })
const percent = new Intl.NumberFormat('en', { style: 'percent', maximumFractionDigits: 1 })

export function count(n: number): string {
  return whole.format(n)
}

/** A share of 0 to 1; what is not known is a dash. */
export function share(part: number | undefined): string {
  return part === undefined ? text.none : percent.format(part)
}

/** A length of time: 0:07, 12:05, 1:02:03. */
export function duration(seconds: number | undefined): string {
  if (seconds === undefined) return text.none
  const all = Math.round(seconds)
  const two = (n: number) => String(n).padStart(2, '0')
  const [h, m, s] = [Math.floor(all / 3600), Math.floor(all / 60) % 60, all % 60]
  return h > 0 ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`
}

const moments = new Intl.DateTimeFormat('en-GB', {
  timeZone: zone, year: 'numeric', month: 'short', day: 'numeric', hour: '2-digit', minute: '2-digit', second: '2-digit',
})
const minutes = new Intl.DateTimeFormat('en-GB', { timeZone: zone, day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit' })
const clock = new Intl.DateTimeFormat('en-GB', { timeZone: zone, hour: '2-digit', minute: '2-digit' })
const days = new Intl.DateTimeFormat('en-GB', { timeZone: zone, day: 'numeric', month: 'short' })

/** A moment to the second. */
export function moment(at: string | number): string {
  return moments.format(new Date(at))
}

/** When an interval begins, as briefly as its length allows. */
export function begins(at: string | number, interval: string): string {
  return (interval === '1d' ? days : minutes).format(new Date(at))
}

/** A moment at the foot of a chart: midnight shows the date. */
export function tick(millis: number): string {
  const time = clock.format(millis)
  return time === '00:00' ? days.format(millis) : time
}
