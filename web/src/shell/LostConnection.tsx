import { useEffect, useState } from 'react'

import { useConnection } from '../live/feed'
import { text } from '../text/en'

/** Says that the connection is lost while it is, and for a moment that it is back. */
export function LostConnection() {
  const connection = useConnection()
  const [since, setSince] = useState<number | null>(null)
  const [back, setBack] = useState(false)
  const lostAt = connection.state === 'lost' ? connection.since : null
  if (lostAt !== null && since !== lostAt) setSince(lostAt)
  if (connection.state === 'live' && since !== null) {
    setSince(null)
    setBack(true)
  }
  useEffect(() => {
    if (!back) return
    const timer = setTimeout(() => setBack(false), 3000)
    return () => clearTimeout(timer)
  }, [back])
  return (
    <div role="status">
      {lostAt !== null ? (
        <div className="shell-lost">{text.shell.lost(new Date(lostAt).toLocaleTimeString())}</div>
      ) : back ? (
        <div className="shell-lost shell-back">{text.shell.back}</div>
      ) : null}
    </div>
  )
}
