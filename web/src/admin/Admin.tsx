import { List, Title } from '@mantine/core'
import { useSuspenseQuery } from '@tanstack/react-query'

import { api, ask } from '../api/client'
import { text } from '../text/en/admin'

/** The versions of the account's config. */
export function Admin() {
  const { data } = useSuspenseQuery({
    queryKey: ['config', 'history'],
    queryFn: () => ask(api.GET('/v1/config/history')),
  })
  return (
    <>
      <Title order={1}>{text.title}</Title>
      <List mt="md">
        {data.items.map((version) => (
          <List.Item key={version.version}>{text.version(version.version, version.at, version.by)}</List.Item>
        ))}
      </List>
    </>
  )
}
