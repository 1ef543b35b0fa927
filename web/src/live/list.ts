import { useEffect, useState, useSyncExternalStore } from 'react'

import { type Happening, useConnection, useHappenings } from './feed'

interface Options<T> {
  /** Everything that belongs in the list. */
  load: () => Promise<readonly T[]>
  /** Those of some keys that belong in it now; what does not come back goes. */
  some: (keys: readonly string[]) => Promise<readonly T[]>
  keyOf: (item: T) => string
  order: (a: T, b: T) => number
  /** The keys that an event says to ask for again; null for everything. */
  concerns: (happening: Happening, has: (key: string) => boolean) => readonly string[] | null
}

/** A list as it is now: undefined until it has been loaded, and what went wrong last. */
export interface Listed<T> {
  items: readonly T[] | undefined
  error: unknown
}

// How many keys one question names, how many may wait before all is asked anew, and how long a pause
// there is between questions: events come in bursts, and what changed twice is asked for once.
const chunk = 100
const tooMany = 2000
const pauseMillis = 150
const failureMillis = 2000

/**
 * A long list that the feed keeps up to date. An event says only which entries to look at again; what
 * they are now the server answers. However fast events come, one question is under way at a time, and
 * whoever watches is told once a frame.
 */
class LiveList<T> {
  private readonly options: Options<T>
  private readonly watchers = new Set<() => void>()
  private readonly byKey = new Map<string, T>()
  private readonly dirty = new Set<string>()
  private now: Listed<T> = { items: undefined, error: undefined }
  private all = false
  private busy = false
  private stopped = false
  private frame = 0

  constructor(options: Options<T>) {
    this.options = options
  }

  readonly watch = (watcher: () => void): (() => void) => {
    this.watchers.add(watcher)
    return () => this.watchers.delete(watcher)
  }

  readonly read = (): Listed<T> => this.now

  start(): void {
    this.stopped = false
  }

  stop(): void {
    this.stopped = true
    cancelAnimationFrame(this.frame)
    this.frame = 0
  }

  readonly hear = (happening: Happening): void => {
    const keys = this.options.concerns(happening, (key) => this.byKey.has(key))
    if (keys === null) this.all = true
    else keys.forEach((key) => this.dirty.add(key))
    if (this.dirty.size > tooMany) this.all = true
    if (this.all || this.dirty.size > 0) void this.run()
  }

  readonly reload = (): void => {
    this.all = true
    void this.run()
  }

  private async run(): Promise<void> {
    if (this.busy) return
    this.busy = true
    while (!this.stopped && (this.all || this.dirty.size > 0)) {
      let rest = pauseMillis
      try {
        if (this.all) await this.loadAll()
        else await this.loadSome()
      } catch (error) {
        rest = failureMillis
        this.now = { ...this.now, error }
        this.tell()
      }
      await new Promise((resolve) => setTimeout(resolve, rest))
    }
    this.busy = false
  }

  private async loadAll(): Promise<void> {
    this.all = false
    this.dirty.clear()
    try {
      const items = await this.options.load()
      this.byKey.clear()
      items.forEach((item) => this.byKey.set(this.options.keyOf(item), item))
      this.changed()
    } catch (error) {
      this.all = true
      throw error
    }
  }

  private async loadSome(): Promise<void> {
    const keys = [...this.dirty].slice(0, chunk)
    keys.forEach((key) => this.dirty.delete(key))
    try {
      const items = await this.options.some(keys)
      keys.forEach((key) => this.byKey.delete(key))
      items.forEach((item) => this.byKey.set(this.options.keyOf(item), item))
      this.changed()
    } catch (error) {
      keys.forEach((key) => this.dirty.add(key))
      throw error
    }
  }

  private changed(): void {
    if (this.frame) return
    this.frame = requestAnimationFrame(() => {
      this.frame = 0
      this.now = { items: [...this.byKey.values()].sort(this.options.order), error: undefined }
      this.tell()
    })
  }

  private tell(): void {
    this.watchers.forEach((watcher) => watcher())
  }
}

/** A live list for as long as the page shows it. make is asked again when one of the given things changed. */
export function useLiveList<T>(make: () => Options<T>, of: string): Listed<T> {
  const [kept, setKept] = useState(() => ({ of, list: new LiveList(make()) }))
  let { list } = kept
  if (kept.of !== of) {
    list = new LiveList(make())
    setKept({ of, list })
  }
  const connection = useConnection()
  const open = connection.state === 'live'
  useHappenings(list.hear)
  useEffect(() => {
    list.start()
    return () => list.stop()
  }, [list])
  // What happens from the moment the feed is open is heard; all before is asked for then.
  useEffect(() => {
    if (open) list.reload()
  }, [open, list])
  return useSyncExternalStore(list.watch, list.read)
}
