import { useEffect, useState } from 'react'

// How far the server's clock is ahead of this machine's. Whoever reads an answer that says the
// server's time tells us.
let ahead = 0

/** Takes in the server's time, as an answer that has just come says it. */
export function tellServerTime(at: string): void {
  ahead = Date.parse(at) - Date.now()
}

/** The server's time, in milliseconds. */
export function serverNow(): number {
  return Date.now() + ahead
}

/** The server's time, anew every second (or so often as asked), for timers that people watch. */
export function useServerNow(everyMillis = 1000): number {
  const [now, setNow] = useState(serverNow)
  useEffect(() => {
    const timer = setInterval(() => setNow(serverNow()), everyMillis)
    return () => clearInterval(timer)
  }, [everyMillis])
  return now
}
