import { useQuery, useQueryClient } from '@tanstack/react-query'

import { api, ask, type Schema } from '../api/client'
import type { Happening } from '../live/feed'
import { live } from '../live/feed'
import { type Listed, useLiveList } from '../live/list'

export type Agent = Schema['Agent']
export type Waiting = Schema['Interaction']
export type Queue = Schema['QueueStats']

/** How many waiting interactions of a queue a board lists; a person looks at no more. */
export const mostListed = 5000
const page = 1000

/** Every agent, kept up to date. */
export function useAgents(): Listed<Agent> {
  return useLiveList<Agent>(
    () => ({
      load: async () => {
        const all: Agent[] = []
        let cursor: string | undefined
        do {
          const query = { limit: page, ...(cursor ? { cursor } : {}) }
          const next: Schema['ListAgent'] = await ask(api.GET('/v1/agents', { params: { query } }))
          all.push(...next.items)
          cursor = next.next
        } while (cursor && all.length < mostListed)
        return all
      },
      some: async (username) => (await ask(api.GET('/v1/agents', { params: { query: { username: [...username], limit: page } } }))).items,
      keyOf: (agent) => agent.username,
      order: (a, b) => rank(a) - rank(b) || names.compare(a.name, b.name) || names.compare(a.username, b.username),
      concerns: (happening) => {
        if (happening.type === 'config.published') return null
        const { toagent } = happening.data as { toagent?: string }
        return [happening.agent, toagent].filter((name) => name !== undefined)
      },
    }),
    'agents',
  )
}

const names = new Intl.Collator(undefined, { numeric: true })

const ranks = { Ready: 1, Away: 2, ExtendedAway: 3, LoggedOut: 4 }

/** Whoever needs a look stands first, then who works, then who does not. */
function rank(agent: Agent): number {
  return agent.lost ? 0 : ranks[agent.category]
}

// After these an interaction may be in a queue that it was not in before.
const mayEnter = new Set(['interaction.queued', 'interaction.returned', 'interaction.requeued', 'interaction.transferred', 'interaction.transferlapsed'])

/** What waits in a queue, longest first, kept up to date. */
export function useWaiting(queue: string): Listed<Waiting> {
  return useLiveList<Waiting>(
    () => ({
      load: async () => {
        const all: Waiting[] = []
        let cursor: string | undefined
        do {
          const query = { queue, state: ['queued'], order: 'oldest' as const, limit: page, ...(cursor ? { cursor } : {}) }
          const next: Schema['ListInteraction'] = await ask(api.GET('/v1/interactions', { params: { query } }))
          all.push(...next.items)
          cursor = next.next
        } while (cursor && all.length < mostListed)
        return all
      },
      some: async (id) => {
        const query = { id: [...id], queue, state: ['queued'], limit: page }
        return (await ask(api.GET('/v1/interactions', { params: { query } }))).items
      },
      keyOf: (work) => work.id,
      order: (a, b) => compare(a.waitingsince ?? a.created, b.waitingsince ?? b.created) || compare(a.id, b.id),
      concerns: (happening: Happening, has) => {
        if (happening.type === 'config.published') return null
        const id = happening.interaction
        return id && (mayEnter.has(happening.type) || has(id)) ? [id] : []
      },
    }),
    queue,
  )
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

/** Work that gets nowhere by itself; the server decides which. */
export function useStuck() {
  return useQuery({ queryKey: [...live, 'stuck'], queryFn: () => ask(api.GET('/v1/stuck')), refetchInterval: 5000 })
}

/** What a queue, or all of them, was like in the last hours. */
export function useHistory(queue: string | undefined) {
  return useQuery({
    queryKey: [...live, 'history', queue ?? ''],
    queryFn: () => ask(api.GET('/v1/stats/history', { params: { query: queue ? { queue } : {} } })),
    refetchInterval: 60_000,
  })
}

/** The presences a person may be given. */
export function usePresences() {
  return useQuery({ queryKey: ['presences'], queryFn: async () => (await ask(api.GET('/v1/presences'))).items })
}

/** Asks all that the feed keeps up to date again, after something was done by hand. */
export function useLookAgain() {
  const client = useQueryClient()
  return () => client.invalidateQueries({ queryKey: live })
}
