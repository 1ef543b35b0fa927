import { useMutation, useQuery, useQueryClient, useSuspenseQuery } from '@tanstack/react-query'

import { api, ask, type Schema } from '../api/client'
import { live, useRefresh } from '../live/feed'

export type Desk = Schema['Desk']
export type Work = Schema['Interaction']
export type Possible = Schema['Possible']
export type Item = Schema['DeskInteraction']

const deskKey = [...live, 'desk'] as const

/** The agent's desk, kept up to date by the feed, and when this machine read it. */
export function useDesk(username: string): { desk: Desk; readAt: number } {
  const { data: desk, dataUpdatedAt: readAt } = useSuspenseQuery({
    queryKey: [...deskKey, username],
    queryFn: () => ask(api.GET('/v1/desk')),
    // What an admin changes, presences or what a provider permits, is no event of an agent.
    refetchInterval: 30_000,
  })
  useRefresh(['desk'], ({ agent, type }) => agent === username || /^(config|provider)\./.test(type))
  return { desk, readAt }
}

/** What is said with an action. */
export interface Said {
  disposition?: string
  notes?: string
  toagent?: string
  toroute?: string
  by?: string
}

/** An action and what is said with it. */
export interface Deed extends Said {
  action: Possible['action']
}

/** Does something with a piece of work. */
export function useAct(id: string) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: ({ action, ...body }: Deed) =>
      ask(api.POST(`/v1/interactions/{id}/${action}`, { params: { path: { id } }, body })),
    onSettled: () => client.invalidateQueries({ queryKey: deskKey }),
  })
}

/** Keeps what was typed. The desk has it at once, and no answer from before takes it back. */
export function useKeepTyped(id: string) {
  const client = useQueryClient()
  return async (typed: { disposition: string; notes: string }) => {
    const body = { notes: typed.notes, ...(typed.disposition ? { disposition: typed.disposition } : {}) }
    // A page that is being closed still sends what it began to send.
    await api.POST('/v1/interactions/{id}/note', { params: { path: { id } }, body, keepalive: true })
    await client.cancelQueries({ queryKey: deskKey })
    client.setQueriesData<Desk>({ queryKey: deskKey }, (desk) => desk && {
      ...desk,
      interactions: desk.interactions.map((item) =>
        item.interaction.id === id ? { ...item, interaction: { ...item.interaction, ...typed } } : item),
    })
    void client.invalidateQueries({ queryKey: deskKey })
  }
}

/** Chooses the agent's presence. */
export function useChoosePresence(username: string) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: (presence: string) =>
      ask(api.PUT('/v1/agents/{username}/presence', { params: { path: { username } }, body: { presence } })),
    onSettled: () => client.invalidateQueries({ queryKey: deskKey }),
  })
}

/** Whom and where an interaction may be transferred to, while somebody looks. */
export function useTargets(id: string, q: string, wanted: boolean) {
  return useQuery({
    queryKey: ['targets', id, q],
    queryFn: () => ask(api.GET('/v1/interactions/{id}/transfer', { params: { path: { id }, query: { q } } })),
    enabled: wanted,
    placeholderData: (before) => before,
    refetchInterval: 5_000,
    staleTime: 0,
  })
}
