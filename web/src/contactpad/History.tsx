import { Button, Text } from '@mantine/core'
import { useInfiniteQuery } from '@tanstack/react-query'

import { api, ask } from '../api/client'
import { inWords } from '../api/problem'
import { live, useRefresh } from '../live/feed'
import { text } from '../text/en/contactpad'
import { nameOf } from './Card'
import type { Work } from './desk'
import { clockText, useNow } from './now'

const say = text.history

// Ended interactions are kept by when they came; one that ends today came within so many days.
const reachDays = 31

/** What the agent has ended today, the newest first. */
export function History({ username }: { username: string }) {
  const midnight = new Date(useNow()).setHours(0, 0, 0, 0)
  return <Today key={midnight} username={username} midnight={midnight} />
}

function Today({ username, midnight }: { username: string; midnight: number }) {
  const { data, error, hasNextPage, fetchNextPage, isFetchingNextPage } = useInfiniteQuery({
    queryKey: [...live, 'history', username, midnight],
    queryFn: ({ pageParam }) => {
      const query = {
        agent: username, state: ['ended'], limit: 20, endedsince: new Date(midnight).toISOString(),
        since: new Date(midnight - reachDays * 86_400_000).toISOString(), ...(pageParam ? { cursor: pageParam } : {}),
      }
      return ask(api.GET('/v1/interactions', { params: { query } }))
    },
    initialPageParam: '',
    getNextPageParam: (page) => page.next || undefined,
  })
  useRefresh(['history'], ({ type, agent }) => type === 'interaction.ended' && agent === username)
  const items = data?.pages.flatMap((page) => page.items) ?? []
  return (
    <section aria-labelledby="pad-today">
      <h2 id="pad-today">{say.title}</h2>
      {error ? <Text role="alert">{`${say.failed}: ${inWords(error)}`}</Text> : null}
      {data && items.length === 0 ? <Text className="pad-quiet">{say.none}</Text> : null}
      {items.length > 0 ? (
        <ul className="pad-past">
          {items.map((work) => (
            <Past key={work.id} work={work} />
          ))}
        </ul>
      ) : null}
      {hasNextPage ? (
        <Button variant="default" size="xs" mt="xs" aria-disabled={isFetchingNextPage || undefined} onClick={() => void fetchNextPage()}>
          {say.more}
        </Button>
      ) : null}
    </section>
  )
}

function Past({ work }: { work: Work }) {
  const over = work.released ?? work.ended
  const handled = over && work.answered ? clockText(Date.parse(over) - Date.parse(work.answered)) : undefined
  return (
    <li>
      <div className="pad-past-head">
        <strong>{nameOf(work)}</strong>
        {over ? (
          <time dateTime={over} title={`${say.released}: ${new Date(over).toLocaleString()}`}>
            {new Date(over).toLocaleTimeString(undefined, { hour: '2-digit', minute: '2-digit' })}
          </time>
        ) : null}
      </div>
      <div className="pad-past-facts">
        <span>{work.route}</span>
        {handled ? <span title={say.handled}>{handled}</span> : null}
        <span title={say.disposition}>{work.disposition ?? work.outcome}</span>
      </div>
    </li>
  )
}
