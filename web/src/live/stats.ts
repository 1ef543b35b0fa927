import { useSyncExternalStore } from 'react'

import type { Schema } from '../api/client'
import { type Connection, Stream } from './stream'

/** The figures now, and whether they still come. */
export interface LiveStats {
  stats: Schema['Stats'] | undefined
  connection: Connection
}

const opening: LiveStats = { stats: undefined, connection: { state: 'opening' } }

// One reading of /v1/stats serves everything on the page; it is there while somebody looks.
let now: LiveStats = opening
let stream: Stream | undefined
const watchers = new Set<() => void>()

function become(next: LiveStats): void {
  now = next
  watchers.forEach((watcher) => watcher())
}

function watch(watcher: () => void): () => void {
  watchers.add(watcher)
  stream ??= new Stream({
    url: '/v1/stats',
    onMessage: (message) => become({ ...now, stats: JSON.parse(message.data) as Schema['Stats'] }),
    onOpen: () => undefined,
    onConnection: (connection) => become({ ...now, connection }),
  })
  return () => {
    watchers.delete(watcher)
    if (watchers.size > 0) return
    stream?.stop()
    stream = undefined
    now = opening
  }
}

/** The figures of the account, new every second. */
export function useStats(): LiveStats {
  return useSyncExternalStore(watch, () => now)
}
