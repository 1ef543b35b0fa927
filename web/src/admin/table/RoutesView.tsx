import { ActionIcon, Alert, Button, Modal, Stack, Table, Text } from '@mantine/core'
import { useState } from 'react'

import { text } from '../../text/en/admin'
import { Members } from '../draft/Field'
import { accountShape, within } from '../draft/schema'
import { useDraft, useReading } from '../draft/state'
import { ChoiceCell, TextCell } from './Cell'
import { NameDialog } from './AgentsView'

/** The routes of the account: by which name work comes in, and into which plan. */
export function RoutesView() {
  const { manuscript } = useDraft()
  const { value: account, misprints } = useReading()
  const [adding, setAdding] = useState(false)
  const [opened, setOpened] = useState<number | null>(null)
  if (misprints.length > 0) return <Alert color="red">{text.draft.unreadable}</Alert>
  const routes = Array.isArray(account.routes) ? account.routes.map((route) => route ?? {}) : []
  const plans = (account.plans ?? []).flatMap((plan) => plan?.name ?? [])
  const open = opened === null ? undefined : routes[opened]
  const say = text.routes
  return (
    <Stack gap="sm" align="flex-start">
      <Text>{say.help}</Text>
      <Button onClick={() => setAdding(true)}>{say.add}</Button>
      <Table.ScrollContainer minWidth={640} w="100%" tabIndex={0} role="region" aria-label={say.table}>
        <Table aria-label={say.table}>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>{say.name}</Table.Th>
              <Table.Th>{say.plan}</Table.Th>
              <Table.Th>{say.after}</Table.Th>
              <Table.Th>{say.testPlan}</Table.Th>
              <Table.Th><span className="admin-hidden">{say.actions}</span></Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {routes.map((route, at) => {
              const name = route.name ?? ''
              return (
                <Table.Tr key={at}>
                  <Table.Td><TextCell label={say.of(say.name, name)} value={name} onSet={(to) => manuscript.set(['routes', at, 'name'], to)} /></Table.Td>
                  <Table.Td>
                    <ChoiceCell label={say.of(say.plan, name)} value={route.plan ?? ''} choices={plans}
                      onSet={(plan) => manuscript.set(['routes', at, 'plan'], plan || undefined)} />
                  </Table.Td>
                  <Table.Td>
                    <ChoiceCell label={say.of(say.after, name)} value={route.after ?? ''} choices={plans} none={say.none}
                      onSet={(plan) => manuscript.set(['routes', at, 'after'], plan || undefined)} />
                  </Table.Td>
                  <Table.Td>{route.test?.plan ? say.tested(route.test.plan, route.test.callers?.length ?? 0) : say.none}</Table.Td>
                  <Table.Td>
                    <ActionIcon variant="default" aria-label={say.edit(name)} title={say.edit(name)} onClick={() => setOpened(at)}>…</ActionIcon>
                  </Table.Td>
                </Table.Tr>
              )
            })}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
      {adding ? (
        <NameDialog title={say.add} label={say.name} taken={routes.flatMap((route) => route.name ?? [])} onClose={() => setAdding(false)}
          onName={(name) => {
            manuscript.set(['routes', routes.length], { name, ...(plans[0] ? { plan: plans[0] } : {}) })
            setAdding(false)
          }} />
      ) : null}
      <Modal opened={open !== undefined} onClose={() => setOpened(null)} title={open?.name ?? ''} size="lg">
        {open && opened !== null ? (
          <Stack>
            <Members path={['routes', opened]} shape={within(within(accountShape, 'routes')!, 0)!} value={open} depth={2} />
            <Button variant="default" onClick={() => {
              manuscript.edit((tree) => tree.deleteIn(['routes', opened]))
              setOpened(null)
            }}>
              {say.remove}
            </Button>
          </Stack>
        ) : null}
      </Modal>
    </Stack>
  )
}
