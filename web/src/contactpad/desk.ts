import { useMutation, useQueryClient, useSuspenseQuery } from '@tanstack/react-query'

import { api, ask, type Schema } from '../api/client'
import { live, useRefresh } from '../live/feed'

export type Work = Schema['Interaction']

/** What an agent does with its work; each is one call of the API. */
export type Action = 'accept' | 'decline' | 'hold' | 'retrieve' | 'release' | 'complete'

const states = ['offered', 'connected', 'held', 'parked', 'wrap']

/** The agent and everything that is with it, kept up to date by the feed. */
export function useDesk(username: string): { agent: Schema['Agent']; work: readonly Work[] } {
  const { data: agent } = useSuspenseQuery({
    queryKey: [...live, 'desk', 'agent', username],
    queryFn: () => ask(api.GET('/v1/agents/{username}', { params: { path: { username } } })),
  })
  const { data: work } = useSuspenseQuery({
    queryKey: [...live, 'desk', 'work', username],
    queryFn: async () => {
      const query = { agent: username, state: states, limit: 100 }
      return (await ask(api.GET('/v1/interactions', { params: { query } }))).items
    },
  })
  useRefresh(['desk'], () => true) // an agent's feed has only what is its own
  return { agent, work: [...work].reverse() }
}

/** Does something with a piece of work. */
export function useAct() {
  const client = useQueryClient()
  return useMutation({
    mutationFn: ({ id, action }: { id: string; action: Action }) =>
      ask(api.POST(`/v1/interactions/{id}/${action}`, { params: { path: { id } }, body: {} })),
    onSettled: () => client.invalidateQueries({ queryKey: [...live, 'desk'] }),
  })
}

/** Chooses the agent's presence. */
export function useChoosePresence(username: string) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: (presence: string) =>
      ask(api.PUT('/v1/agents/{username}/presence', { params: { path: { username } }, body: { presence } })),
    onSettled: () => client.invalidateQueries({ queryKey: [...live, 'desk'] }),
  })
}
