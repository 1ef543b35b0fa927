import { useQueryClient } from '@tanstack/react-query'
import { createContext, type ReactNode, useContext, useEffect, useRef, useState, useSyncExternalStore } from 'react'

import type { Schema } from '../api/client'
import { type Connection, Stream } from './stream'

/** One event of the journal. */
export type Happening = Schema['Happening']

/** The app's one reading of /v1/events. */
class Feed {
  connection: Connection = { state: 'opening' }
  private readonly listeners = new Set<(happening: Happening) => void>()
  private readonly openings = new Set<() => void>()
  private readonly watchers = new Set<() => void>()

  start(): () => void {
    const stream = new Stream({
      url: '/v1/events?beat=2',
      onMessage: (message) => {
        const happening = JSON.parse(message.data) as Happening
        this.listeners.forEach((listener) => listener(happening))
      },
      onOpen: () => this.openings.forEach((opening) => opening()),
      onConnection: (connection) => {
        this.connection = connection
        this.watchers.forEach((watcher) => watcher())
      },
    })
    return () => stream.stop()
  }

  hear(listener: (happening: Happening) => void): () => void {
    this.listeners.add(listener)
    return () => this.listeners.delete(listener)
  }

  onOpen(opening: () => void): () => void {
    this.openings.add(opening)
    return () => this.openings.delete(opening)
  }

  readonly watch = (watcher: () => void): (() => void) => {
    this.watchers.add(watcher)
    return () => this.watchers.delete(watcher)
  }
}

const FeedContext = createContext<Feed | null>(null)

function useFeed(): Feed {
  const feed = useContext(FeedContext)
  if (!feed) throw new Error('the feed is used outside FeedProvider')
  return feed
}

/** Reads the feed while it is mounted: everything within the shell. */
export function FeedProvider({ children }: { children: ReactNode }) {
  const [feed] = useState(() => new Feed())
  const client = useQueryClient()
  useEffect(() => {
    // What was asked while nobody heard what changed is asked again.
    const off = feed.onOpen(() => void client.invalidateQueries({ queryKey: live }))
    const stop = feed.start()
    return () => {
      stop()
      off()
    }
  }, [feed, client])
  return <FeedContext value={feed}>{children}</FeedContext>
}

/** The connection of the feed, for whoever shows it. */
export function useConnection(): Connection {
  const feed = useFeed()
  return useSyncExternalStore(feed.watch, () => feed.connection)
}

/** Calls back with each event, in the journal's order, without gaps while the connection holds or is
 * mended within the journal's retention. */
export function useHappenings(listener: (happening: Happening) => void): void {
  const feed = useFeed()
  const latest = useRef(listener)
  useEffect(() => {
    latest.current = listener
  })
  useEffect(() => feed.hear((happening) => latest.current(happening)), [feed])
}

/** The first part of the keys of queries whose data the feed keeps up to date: they are asked again
 * whenever the feed opens. */
export const live = ['live'] as const

/**
 * Asks live queries again when an event that concerns them has come: `key` stands after `live` in
 * their keys. Events come in bursts; while an answer is under way, one more question is enough.
 */
export function useRefresh(key: readonly unknown[], concerns: (happening: Happening) => boolean): void {
  const client = useQueryClient()
  const state = useRef({ busy: false, again: false })
  useHappenings((happening) => {
    if (!concerns(happening)) return
    const now = state.current
    if (now.busy) {
      now.again = true
      return
    }
    const refresh = async () => {
      now.busy = true
      do {
        now.again = false
        await client.invalidateQueries({ queryKey: [...live, ...key] })
      } while (now.again)
      now.busy = false
    }
    void refresh()
  })
}
