import { infiniteQueryOptions, keepPreviousData, queryOptions } from '@tanstack/react-query'

import { api, ask, type Schema } from '../api/client'
import { type Choice, later, zone } from './choice'

export type QueueRow = Schema['QueueRow']
export type AgentRow = Schema['AgentRow']
export type InteractionRow = Schema['InteractionRow']

type Chosen = Required<Choice>

/** The part of a call that every report has. The API's "to" is the first moment after. */
function rangeOf(choice: Chosen) {
  return { from: choice.from, to: later(choice.to, 1), zone }
}

function intervalOf(choice: Chosen) {
  return choice.interval ? { interval: choice.interval } : {}
}

/** The JSON of an answer that could be CSV as well; the client asks for JSON. */
async function read<T extends object>(call: Promise<{ data?: T | string }>): Promise<T> {
  return (await ask(call)) as T
}

const lasting = { staleTime: 30_000, placeholderData: keepPreviousData } as const

/** Of one queue its intervals, or of all queues together. */
export function queueIntervals(choice: Chosen) {
  const query = {
    ...rangeOf(choice), ...intervalOf(choice),
    ...(choice.name ? { by: 'queue', queue: choice.name } as const : { by: 'all' } as const),
  }
  return queryOptions({
    ...lasting,
    queryKey: ['report', 'queues', query],
    queryFn: ({ signal }) => read<Schema['ReportQueueRow']>(api.GET('/v1/reports/queues', { params: { query }, signal })),
  })
}

/** What the whole range comes to, queue by queue. */
export function queueTotals(choice: Chosen) {
  const query = { ...rangeOf(choice), by: 'queue' } as const
  return queryOptions({
    ...lasting,
    queryKey: ['report', 'queues', query],
    queryFn: ({ signal }) => read<Schema['ReportQueueRow']>(api.GET('/v1/reports/queues', { params: { query }, signal })),
  })
}

/** Of one agent its intervals. */
export function agentIntervals(choice: Chosen) {
  const query = { ...rangeOf(choice), ...intervalOf(choice), agent: choice.name }
  return queryOptions({
    ...lasting,
    queryKey: ['report', 'agents', query],
    queryFn: ({ signal }) => read<Schema['ReportAgentRow']>(api.GET('/v1/reports/agents', { params: { query }, signal })),
    enabled: choice.name !== '',
  })
}

/** What the whole range comes to, agent by agent. */
export function agentTotals(choice: Chosen) {
  const query = rangeOf(choice)
  return queryOptions({
    ...lasting,
    queryKey: ['report', 'agents', query],
    queryFn: ({ signal }) => read<Schema['ReportAgentRow']>(api.GET('/v1/reports/agents', { params: { query }, signal })),
  })
}

/** The interactions, page by page. */
export function interactionPages(choice: Chosen) {
  const query = { ...rangeOf(choice), limit: 100, ...(choice.name ? { queue: choice.name } : {}) }
  return infiniteQueryOptions({
    ...lasting,
    queryKey: ['report', 'interactions', query],
    initialPageParam: '',
    queryFn: ({ signal, pageParam }) =>
      read<Schema['InteractionReport']>(api.GET('/v1/reports/interactions', { params: { query: { ...query, cursor: pageParam } }, signal })),
    getNextPageParam: (page) => page.next || undefined,
  })
}

/** The address of what is shown, as CSV. */
export function csvAddress(choice: Chosen): string {
  const query = new URLSearchParams({ ...rangeOf(choice), format: 'csv' })
  if (choice.interval && choice.of !== 'interactions') query.set('interval', choice.interval)
  if (choice.name) query.set(choice.of === 'agents' ? 'agent' : 'queue', choice.name)
  return `/v1/reports/${choice.of}?${query}`
}
