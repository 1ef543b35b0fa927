import { useSyncExternalStore } from 'react'

import { serverNow } from './clock'

// One timer for all that counts seconds on the page, however many rows that is.
const watchers = new Set<() => void>()
let second = Math.floor(serverNow() / 1000)
let timer: ReturnType<typeof setInterval> | undefined

function watch(watcher: () => void): () => void {
  watchers.add(watcher)
  timer ??= setInterval(() => {
    second = Math.floor(serverNow() / 1000)
    watchers.forEach((one) => one())
  }, 1000)
  return () => {
    watchers.delete(watcher)
    if (watchers.size > 0) return
    clearInterval(timer)
    timer = undefined
  }
}

/** The server's time in whole seconds, anew every second. */
export function useSecond(): number {
  return useSyncExternalStore(watch, () => second)
}
