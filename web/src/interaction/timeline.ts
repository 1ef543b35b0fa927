import { useQuery } from '@tanstack/react-query'

import { api, ask, type Schema } from '../api/client'
import { live, useRefresh } from '../live/feed'

export type Moment = Schema['Moment']

/** A stretch of an interaction's life in one state. */
export interface Span {
  state: string
  agent: string
  from: number
  /** Absent while it lasts. */
  to?: number
}

/** What happened to an interaction, oldest first, kept up to date. */
export function useTimeline(id: string) {
  useRefresh(['timeline', id], (happening) => happening.interaction === id)
  return useQuery({
    queryKey: [...live, 'timeline', id],
    queryFn: () => ask(api.GET('/v1/interactions/{id}/timeline', { params: { path: { id }, query: { limit: 1000 } } })),
  })
}

// The state that an event brings an interaction into; those that are not here leave it where it is.
const states: Record<string, (data: Moment['data']) => string | undefined> = {
  'interaction.dispatched': () => 'planned',
  'interaction.queued': () => 'queued',
  'interaction.left': () => 'planned',
  'interaction.offered': () => 'offered',
  'interaction.returned': () => 'queued',
  'interaction.connected': () => 'connected',
  'interaction.held': () => 'held',
  'interaction.parked': () => 'parked',
  'interaction.retrieved': () => 'connected',
  'interaction.transferred': (data) => (data.toroute ? 'planned' : 'queued'),
  'interaction.transferlapsed': () => 'queued',
  'interaction.requeued': () => 'planned',
  'interaction.released': (data) => (data.wrap ? 'wrap' : undefined),
  'interaction.ended': () => 'ended',
}

const withAgent = new Set(['offered', 'connected', 'held', 'parked', 'wrap'])

/** Reads the states off the events. Those that no time was spent in are left out. */
export function spansOf(moments: readonly Moment[]): Span[] {
  const spans: Span[] = []
  for (const { type, at, agent, data } of moments) {
    const state = states[type]?.(data)
    if (!state) continue
    const from = Date.parse(at)
    const before = spans.at(-1)
    if (before && before.to === undefined) {
      before.to = from
      if (before.from === from) spans.pop()
    }
    if (state === 'ended') break
    const last = spans.at(-1)
    const next = { state, agent: withAgent.has(state) ? (agent ?? '') : '', from }
    if (last && last.to === from && last.state === next.state && last.agent === next.agent) delete last.to
    else spans.push(next)
  }
  return spans
}
