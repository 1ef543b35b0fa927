import { Table, Title } from '@mantine/core'

import { useStats } from '../live/stats'
import { text } from '../text/en/wallboard'

/** The queues as they are now. */
export function Wallboard() {
  const { stats } = useStats()
  return (
    <>
      <Title order={1}>{text.title}</Title>
      <Table mt="md">
        <Table.Thead>
          <Table.Tr>
            <Table.Th>{text.queue}</Table.Th>
            <Table.Th>{text.waiting}</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {stats?.queues.map((queue) => (
            <Table.Tr key={queue.queue}>
              <Table.Td>{queue.queue}</Table.Td>
              <Table.Td>{queue.waiting}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </>
  )
}
