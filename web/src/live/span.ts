/** A length of time as a clock shows it: 0:07, 12:30, 2:05:00, 3 d 04:00:00. */
export function clockSpan(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds))
  const two = (n: number) => String(n).padStart(2, '0')
  const days = Math.floor(whole / 86_400)
  const hours = Math.floor(whole / 3600) % 24
  const minutes = Math.floor(whole / 60) % 60
  if (days > 0) return `${days} d ${two(hours)}:${two(minutes)}:${two(whole % 60)}`
  if (hours > 0) return `${hours}:${two(minutes)}:${two(whole % 60)}`
  return `${minutes}:${two(whole % 60)}`
}

/** The time of the day of a moment, with the day when it is not today's. */
export function momentText(at: string | number): string {
  const moment = new Date(at)
  const today = moment.toDateString() === new Date().toDateString()
  return today ? moment.toLocaleTimeString() : moment.toLocaleString()
}
