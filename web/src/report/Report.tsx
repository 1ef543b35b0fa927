import { Text, Title } from '@mantine/core'

import { useStats } from '../live/stats'
import { text } from '../text/en/report'

/** What can be told of the account's last hour. */
export function Report() {
  const { stats } = useStats()
  return (
    <>
      <Title order={1}>{text.title}</Title>
      {stats ? <Text mt="md">{text.live(stats.live)}</Text> : null}
    </>
  )
}
