import { createContext, type ReactNode, useContext, useEffect, useState } from 'react'

import type { Desk } from './desk'

const Clock = createContext<{ at: number; readAt: number; manual: boolean } | null>(null)

/** Gives the timers within it the server's time, as the desk says it. */
export function DeskClock({ desk, readAt, children }: { desk: Desk; readAt: number; children: ReactNode }) {
  return <Clock value={{ at: Date.parse(desk.at), readAt, manual: desk.manual }}>{children}</Clock>
}

/** The server's time in milliseconds, anew every second; a clock that stands still stands still here too. */
export function useNow(): number {
  const clock = useContext(Clock)
  if (!clock) throw new Error('a timer is used outside DeskClock')
  const [here, setHere] = useState(Date.now)
  useEffect(() => {
    const timer = setInterval(() => setHere(Date.now()), 1000)
    return () => clearInterval(timer)
  }, [])
  return clock.manual ? clock.at : clock.at + Math.max(0, here - clock.readAt)
}

/** A length of time as 0:07, 12:34 or 1:02:03. */
export function clockText(millis: number): string {
  const seconds = Math.max(0, Math.floor(millis / 1000))
  const two = (n: number) => String(n).padStart(2, '0')
  const rest = `${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`
  return seconds >= 3600 ? `${Math.floor(seconds / 3600)}:${rest}` : rest.replace(/^0/, '')
}

/** How long it is since a moment. */
export function Since({ at }: { at: string }) {
  return <span className="pad-clock">{clockText(useNow() - Date.parse(at))}</span>
}

/** How long it is until a moment, the seconds that have begun included. */
export function useLeft(until: string | undefined): number | undefined {
  const now = useNow()
  return until ? Math.max(0, Math.ceil((Date.parse(until) - now) / 1000) * 1000) : undefined
}
