import { Button, Stack } from '@mantine/core'
import { useInfiniteQuery } from '@tanstack/react-query'

import { text } from '../text/en/report'
import { Answer } from './Answer'
import type { Choice } from './choice'
import { type Column, Figures } from './Figures'
import { count, duration, moment } from './format'
import { type InteractionRow, interactionPages } from './query'

/** What became of interactions, one by one. */
export function Interactions({ choice }: { choice: Required<Choice> }) {
  const pages = useInfiniteQuery(interactionPages(choice))
  const rows = pages.data?.pages.flatMap((page) => page.items) ?? []
  return (
    <Stack>
      <Answer query={pages} empty={rows.length === 0 && !pages.hasNextPage}>
        {rows.length > 0 ? (
          <Figures caption={text.caption.interactions} columns={columns} rows={rows} rowKey={(row) => row.id} />
        ) : null}
      </Answer>
      {pages.hasNextPage ? (
        <Button variant="default" loading={pages.isFetchingNextPage} onClick={() => void pages.fetchNextPage()}>
          {text.more}
        </Button>
      ) : null}
    </Stack>
  )
}

const columns: Column<InteractionRow>[] = [
  { head: text.dispatched, cell: (row) => moment(row.created), words: true },
  { head: text.route, cell: (row) => row.route, words: true },
  { head: text.queue, cell: (row) => row.queue ?? text.none, words: true },
  { head: text.agent, cell: (row) => row.agent || text.none, words: true },
  { head: text.outcome, cell: (row) => row.outcome, words: true },
  { head: text.waited, cell: (row) => duration(row.wait) },
  { head: text.handle, cell: (row) => duration(row.handle) },
  { head: text.offers, cell: (row) => count(row.offers) },
  { head: text.declined, cell: (row) => count(row.declined) },
  { head: text.noAnswer, cell: (row) => count(row.noanswer) },
  { head: text.breakouts, cell: (row) => count(row.breakouts) },
]
