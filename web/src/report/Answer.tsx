import { Alert, Button, Loader, Text } from '@mantine/core'
import type { ReactNode } from 'react'

import { inWords } from '../api/problem'
import { text } from '../text/en/report'

/** An answer as it comes: while it is worked out, when it failed, when there is nothing in it. */
export function Answer({ query, empty, children }: {
  query: { error: Error | null; isFetching: boolean; isPending: boolean; refetch: () => unknown }
  empty: boolean
  children: ReactNode
}) {
  if (query.error) {
    return (
      <Alert color="red" role="alert" title={text.failed}>
        <Text mb="xs">{inWords(query.error)}</Text>
        <Button size="compact-md" variant="default" onClick={() => void query.refetch()}>{text.again}</Button>
      </Alert>
    )
  }
  if (query.isPending) return <Loader role="status" aria-label={text.working} />
  return (
    <div aria-busy={query.isFetching}>
      {empty ? <Text role="status">{text.nothing}</Text> : children}
    </div>
  )
}
