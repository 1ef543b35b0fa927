import { createParser, type EventSourceMessage } from 'eventsource-parser'

import { sessionEnded } from '../api/client'
import { Refusal, refusalOf } from '../api/problem'

/** Where a stream is: opening for the first time, live, or lost and trying again. */
export type Connection = { state: 'opening' } | { state: 'live' } | { state: 'lost'; since: number }

interface Options {
  url: string
  /** What came; a stream that was resumed goes on after the last. */
  onMessage: (message: EventSourceMessage) => void
  /** The stream is open, for the first time or again: what was read before may be old. */
  onOpen: () => void
  onConnection: (connection: Connection) => void
}

// A stream shows that it lives at least every two seconds. One that is silent for longer is dead,
// whatever the browser believes: cables and proxies die without a word.
const silenceMillis = 4000
const soonestMillis = 250
const latestMillis = 3000

/**
 * One stream of server-sent events that mends itself. It reads with fetch and not with EventSource,
 * which hides the comments by which a quiet stream shows that it lives, and the status of a refusal.
 */
export class Stream {
  private readonly options: Options
  private stopped = false
  private lastEventId = ''
  private connection: Connection = { state: 'opening' }
  private attempt = new AbortController()
  private wake: () => void = () => undefined

  constructor(options: Options) {
    this.options = options
    window.addEventListener('offline', this.offline)
    window.addEventListener('online', this.online)
    void this.run()
  }

  stop(): void {
    this.stopped = true
    window.removeEventListener('offline', this.offline)
    window.removeEventListener('online', this.online)
    this.attempt.abort()
    this.wake()
  }

  private readonly offline = () => this.attempt.abort()
  private readonly online = () => this.wake()

  private async run(): Promise<void> {
    for (let failures = 0; !this.stopped; failures++) {
      this.attempt = new AbortController()
      try {
        await this.read(() => (failures = 0))
      } catch (error) {
        if (this.stopped) return
        if (error instanceof Refusal && error.status === 401) {
          sessionEnded()
          return
        }
        // The place is no longer kept. What is read from now on, with a fresh look at all the rest,
        // is as good.
        if (error instanceof Refusal && error.status === 410) this.lastEventId = ''
      }
      if (this.stopped) return
      if (this.connection.state !== 'lost') this.become({ state: 'lost', since: Date.now() })
      await this.pause(failures)
    }
  }

  private async read(opened: () => void): Promise<void> {
    const headers: Record<string, string> = { Accept: 'text/event-stream' }
    if (this.lastEventId) headers['Last-Event-ID'] = this.lastEventId
    let watchdog = setTimeout(() => this.attempt.abort(), silenceMillis)
    const alive = () => {
      clearTimeout(watchdog)
      watchdog = setTimeout(() => this.attempt.abort(), silenceMillis)
    }
    try {
      const response = await fetch(this.options.url, { headers, signal: this.attempt.signal, cache: 'no-store' })
      if (!response.ok) throw await refusalOf(response)
      const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader()
      const parser = createParser({
        onEvent: (message) => {
          if (message.id) this.lastEventId = message.id
          this.options.onMessage(message)
        },
      })
      this.become({ state: 'live' })
      opened()
      this.options.onOpen()
      for (;;) {
        alive()
        const { done, value } = await reader.read()
        if (done) return
        parser.feed(value)
      }
    } finally {
      clearTimeout(watchdog)
    }
  }

  private become(connection: Connection): void {
    this.connection = connection
    this.options.onConnection(connection)
  }

  /** Waits longer after each failure, and not as long as everybody else, so that a server that comes
   * back is not run over. */
  private pause(failures: number): Promise<void> {
    const longest = Math.min(soonestMillis * 2 ** failures, latestMillis)
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, longest * (0.5 + Math.random() / 2))
      this.wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }
}
