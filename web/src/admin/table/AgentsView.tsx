import { ActionIcon, Alert, Button, Group, Modal, Pagination, Stack, Table, Text, TextInput } from '@mantine/core'
import { type FormEvent, memo, useState } from 'react'

import { text as general } from '../../text/en'
import { text } from '../../text/en/admin'
import { Members } from '../draft/Field'
import type { Agent } from '../draft/manuscript'
import { setIn } from '../draft/manuscript'
import { accountShape, within } from '../draft/schema'
import { useDraft, useReading } from '../draft/state'
import { same, takeOut } from '../plan/exits'
import { TextCell } from './Cell'

const pageSize = 50
const levels = ['1', '2', '3', '4', '5', '6', '7', '8', '9', '10']

/** The agents of the account and how well each has which skill, as one table. */
export function AgentsView() {
  const { manuscript } = useDraft()
  const { value: account, misprints } = useReading()
  const [wanted, setWanted] = useState('')
  const [page, setPage] = useState(1)
  const [asking, setAsking] = useState<'agent' | 'skill' | null>(null)
  const [opened, setOpened] = useState<number | null>(null)
  if (misprints.length > 0) return <Alert color="red">{text.draft.unreadable}</Alert>
  const skills = (account.skills ?? []).filter((skill) => typeof skill === 'string')
  const agents = Array.isArray(account.agents) ? account.agents : []
  const found = agents.map((agent, at) => ({ agent: agent ?? {}, at })).filter(({ agent }) => matches(agent, wanted))
  const pages = Math.max(1, Math.ceil(found.length / pageSize))
  const here = Math.min(page, pages)
  const open = opened === null ? undefined : agents[opened]
  const say = text.agents
  return (
    <Stack gap="sm">
      <Group align="flex-end">
        <TextInput label={say.find} value={wanted} onChange={(event) => setWanted(event.currentTarget.value)} />
        <Button onClick={() => setAsking('agent')}>{say.add}</Button>
        <Button variant="default" onClick={() => setAsking('skill')}>{say.addSkill}</Button>
      </Group>
      <Text size="sm" c="dimmed" role="status">{say.count(found.length, agents.length)}</Text>
      <Table.ScrollContainer minWidth={600} tabIndex={0} role="region" aria-label={say.matrix}>
        <Table className="admin-matrix" aria-label={say.matrix}>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>{say.username}</Table.Th>
              <Table.Th>{say.name}</Table.Th>
              {skills.map((skill) => <Table.Th key={skill}>{skill}</Table.Th>)}
              <Table.Th><span className="admin-hidden">{say.actions}</span></Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {found.slice((here - 1) * pageSize, here * pageSize).map(({ agent, at }) => (
              <Row key={at} at={at} agent={agent} skills={skills} onOpen={setOpened} />
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
      {pages > 1 ? <Pagination total={pages} value={here} onChange={setPage} getControlProps={(control) => ({ 'aria-label': control })} getItemProps={(n) => ({ 'aria-label': say.page(n) })} /> : null}
      {asking ? (
        <NameDialog title={asking === 'agent' ? say.add : say.addSkill} label={asking === 'agent' ? say.username : say.skill}
          taken={asking === 'agent' ? agents.flatMap((agent) => agent?.username ?? []) : skills} onClose={() => setAsking(null)}
          onName={(name) => {
            if (asking === 'agent') manuscript.set(['agents', agents.length], { username: name })
            else manuscript.set(['skills', skills.length], name)
            setAsking(null)
          }} />
      ) : null}
      <Modal opened={open !== undefined} onClose={() => setOpened(null)} title={open?.username ?? ''} size="lg">
        {open && opened !== null ? (
          <Stack>
            <Members path={['agents', opened]} shape={within(within(accountShape, 'agents')!, 0)!} value={open} depth={2} />
            <Group justify="space-between">
              <Button variant="default" onClick={() => {
                manuscript.edit((tree) => tree.deleteIn(['agents', opened]))
                setOpened(null)
              }}>
                {say.remove}
              </Button>
              <Button onClick={() => setOpened(null)}>{say.done}</Button>
            </Group>
          </Stack>
        ) : null}
      </Modal>
    </Stack>
  )
}

function matches({ username = '', name = '' }: Agent, wanted: string): boolean {
  return `${username} ${name}`.toLowerCase().includes(wanted.trim().toLowerCase())
}

/** The level an agent has of a skill; a list of skills gives each level 5. */
function levelOf(agent: Agent, skill: string): string {
  if (Array.isArray(agent.skills)) return agent.skills.some((one) => same(String(one), skill)) ? '5' : ''
  const found = Object.entries(agent.skills ?? {}).find(([name]) => same(name, skill))
  return found ? String(found[1] ?? 5) : ''
}

const Row = memo(function Row({ at, agent, skills, onOpen }: { at: number; agent: Agent; skills: string[]; onOpen: (at: number) => void }) {
  const { manuscript } = useDraft()
  const who = agent.username ?? ''
  const say = text.agents
  const setLevel = (skill: string, level: string) =>
    manuscript.edit((tree) => {
      if (Array.isArray(agent.skills)) setIn(tree, ['agents', at, 'skills'], Object.fromEntries(agent.skills.map((one) => [one, 5])))
      const own = Array.isArray(agent.skills) ? agent.skills : Object.keys(agent.skills ?? {})
      const path = ['agents', at, 'skills', own.find((name) => same(name, skill)) ?? skill]
      if (level) setIn(tree, path, Number(level))
      else takeOut(tree, path, 2)
    })
  return (
    <Table.Tr>
      <Table.Th scope="row">{who}</Table.Th>
      <Table.Td><TextCell label={say.nameOf(who)} value={agent.name ?? ''} onSet={(name) => manuscript.set(['agents', at, 'name'], name || undefined)} /></Table.Td>
      {skills.map((skill) => (
        <Table.Td key={skill}>
          <select className="admin-level" aria-label={say.level(skill, who)} value={levelOf(agent, skill)}
            onChange={(event) => setLevel(skill, event.currentTarget.value)}>
            <option value="">–</option>
            {levels.map((level) => <option key={level}>{level}</option>)}
          </select>
        </Table.Td>
      ))}
      <Table.Td>
        <ActionIcon variant="default" aria-label={say.edit(who)} title={say.edit(who)} onClick={() => onOpen(at)}>…</ActionIcon>
      </Table.Td>
    </Table.Tr>
  )
})

/** Asks for the name of something new. */
export function NameDialog({ title, label, taken, onName, onClose }: {
  title: string
  label: string
  taken: string[]
  onName: (name: string) => void
  onClose: () => void
}) {
  const [name, setName] = useState('')
  const clash = taken.some((other) => same(other, name.trim()))
  const submit = (event: FormEvent) => {
    event.preventDefault()
    if (name.trim() && !clash) onName(name.trim())
  }
  return (
    <Modal opened onClose={onClose} title={title} centered>
      <form onSubmit={submit}>
        <Stack>
          <TextInput label={label} value={name} required data-autofocus autoComplete="off" error={clash ? text.agents.taken : undefined}
            onChange={(event) => setName(event.currentTarget.value)} />
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>{general.session.cancel}</Button>
            <Button type="submit">{text.agents.addIt}</Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  )
}
