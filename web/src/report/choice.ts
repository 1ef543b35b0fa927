/** What there are reports on. */
export const kinds = ['queues', 'agents', 'interactions'] as const
export type Kind = (typeof kinds)[number]

/** How long intervals are; "" is one for the whole range. */
export const intervals = ['15m', '30m', '1h', '1d', ''] as const
export type Interval = (typeof intervals)[number]

/** What is asked for. Dates are those of the time zone, both included; without one, it is today. */
export interface Choice {
  of?: Kind
  from?: string
  to?: string
  interval?: Interval
  name?: string // the one queue or agent
}

/** Reads what an address asks for; what it cannot mean is left out. */
export function chosenOf(search: Record<string, unknown>): Choice {
  const choice: Choice = {}
  if (kinds.includes(search.of as Kind)) choice.of = search.of as Kind
  if (isDate(search.from)) choice.from = search.from
  if (isDate(search.to)) choice.to = search.to
  if (intervals.includes(search.interval as Interval)) choice.interval = search.interval as Interval
  if (typeof search.name === 'string' || typeof search.name === 'number') choice.name = String(search.name)
  return choice
}

function isDate(text: unknown): text is string {
  return typeof text === 'string' && /^\d{4}-\d\d-\d\d$/.test(text) && !Number.isNaN(Date.parse(text))
}

/** The date so many days later. */
export function later(date: string, days: number): string {
  const day = new Date(date + 'T00:00:00Z')
  day.setUTCDate(day.getUTCDate() + days)
  return day.toISOString().slice(0, 10)
}

/** The time zone of whoever looks. */
export const zone = Intl.DateTimeFormat().resolvedOptions().timeZone || 'UTC'

/** The date of a moment in the time zone. */
export function dateOf(millis: number): string {
  const parts = new Intl.DateTimeFormat('en-CA', { timeZone: zone, year: 'numeric', month: '2-digit', day: '2-digit' })
  return parts.format(millis)
}

/** A choice with everything that was left out filled in. */
export function filled(choice: Choice, now: number): Required<Choice> {
  const from = choice.from ?? dateOf(now)
  const to = choice.to ?? (choice.from ?? dateOf(now))
  const days = Math.round((Date.parse(to) - Date.parse(from)) / 86_400_000)
  return {
    of: choice.of ?? 'queues', from, to, name: choice.name ?? '',
    interval: choice.interval ?? (days > 5 ? '1d' : days > 1 ? '1h' : '30m'),
  }
}
