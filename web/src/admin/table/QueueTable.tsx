import { Table, Text } from '@mantine/core'

import { text } from '../../text/en/admin'
import { useDraft, useReading } from '../draft/state'
import { appletsOf } from '../plan/exits'
import { ChoiceCell, TextCell } from './Cell'

const lengths = ['ring', 'wrap', 'target', 'duration'] as const

/** The queues of all plans, and what is set of each. */
export function QueueTable() {
  const { manuscript } = useDraft()
  const { value: account } = useReading()
  const queues = (account.plans ?? []).flatMap((plan, at) =>
    appletsOf(plan).filter(([, applet]) => applet.type === 'queue').map(([name, applet]) => ({ at, name, applet, label: `${plan?.name}/${name}` })),
  )
  const say = text.queues
  if (queues.length === 0) return <Text>{say.none}</Text>
  return (
    <Table.ScrollContainer minWidth={720} tabIndex={0} role="region" aria-label={say.title}>
      <Table aria-label={say.title}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>{say.queue}</Table.Th>
            <Table.Th>{say.accept}</Table.Th>
            {lengths.map((key) => <Table.Th key={key}>{say[key]}</Table.Th>)}
            <Table.Th>{say.maxlength}</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {queues.map(({ at, name, applet, label }) => {
            const set = (key: string, value: unknown) => manuscript.set(['plans', at, 'applets', name, key], value)
            return (
              <Table.Tr key={label}>
                <Table.Th scope="row">{label}</Table.Th>
                <Table.Td>
                  <ChoiceCell label={say.of(say.accept, label)} value={String(applet.accept ?? '')} choices={['manual', 'auto']} none={say.manual}
                    onSet={(value) => set('accept', value || undefined)} />
                </Table.Td>
                {lengths.map((key) => (
                  <Table.Td key={key}>
                    <TextCell label={say.of(say[key], label)} value={String(applet[key] ?? '')} onSet={(value) => set(key, value || undefined)} />
                  </Table.Td>
                ))}
                <Table.Td>
                  <TextCell label={say.of(say.maxlength, label)} value={String(applet.maxlength ?? '')}
                    onSet={(value) => set('maxlength', value ? (/^\d+$/.test(value) ? Number(value) : value) : undefined)} />
                </Table.Td>
              </Table.Tr>
            )
          })}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  )
}
