import { Text, TextInput, UnstyledButton } from '@mantine/core'
import { Link } from '@tanstack/react-router'
import { memo, useDeferredValue, useMemo, useState } from 'react'

import { text as words } from '../text/en/interaction'
import { text } from '../text/en/wallboard'
import { Age } from './Age'
import { PresenceDialog } from './PresenceDialog'
import type { Agent } from './board'
import { Rows } from './Rows'

const categories = ['Ready', 'Away', 'ExtendedAway', 'LoggedOut'] as const

/** Every agent: its state and for how long, its load, and what it works on. */
export function AgentTable({ agents }: { agents: readonly Agent[] }) {
  const [find, setFind] = useState('')
  const wanted = useDeferredValue(find.trim().toLowerCase())
  const [changing, setChanging] = useState<Agent | null>(null)
  const shown = useMemo(
    () => (wanted ? agents.filter((agent) => `${agent.name}\n${agent.username}\n${agent.presence}`.toLowerCase().includes(wanted)) : agents),
    [agents, wanted],
  )
  const counts = categories
    .map((category) => [category, agents.filter((agent) => agent.category === category).length] as const)
    .filter(([, n]) => n > 0)
  if (agents.length === 0) return <Text>{text.noAgents}</Text>
  return (
    <>
      <div className="wall-bar">
        <Text size="sm">{counts.map(([category, n]) => text.summary(n, text.categories[category])).join(' · ')}</Text>
        <TextInput className="wall-find" size="xs" aria-label={`${text.find}: ${text.findAgent}`} placeholder={text.findAgent} value={find}
          onChange={(event) => setFind(event.currentTarget.value)} />
      </div>
      <Rows items={shown} keyOf={(agent) => agent.username} columns={5} label={text.agents} className="wall-agents"
        head={
          <>
            <th scope="col">{text.agent}</th>
            <th scope="col">{text.presence}</th>
            <th scope="col" className="wall-right">{text.since}</th>
            <th scope="col">{text.load}</th>
            <th scope="col">{text.worksOn}</th>
          </>
        }
        row={(agent) => <Row agent={agent} change={setChanging} />} />
      {changing ? <PresenceDialog agent={changing} onClose={() => setChanging(null)} /> : null}
    </>
  )
}

const Row = memo(function Row({ agent, change }: { agent: Agent; change: (agent: Agent) => void }) {
  const work = agent.work ?? []
  return (
    <>
      <th scope="row" title={agent.username}>
        {agent.name}
      </th>
      <td>
        <UnstyledButton className="wall-presence" onClick={() => change(agent)} aria-label={text.changeOf(agent.name, agent.presence)}>
          <span className="wall-dot" data-category={agent.lost ? 'Lost' : agent.category} />
          {agent.presence}
        </UnstyledButton>
        {agent.intended ? <span className="wall-small"> {text.intended(agent.intended)}</span> : null}
        {agent.lost ? <span className="wall-warn"> {text.lost}</span> : null}
      </td>
      <td className="wall-right">
        <Age since={agent.since} />
      </td>
      <td>
        <span className="wall-load" role="img" aria-label={text.loadOf(agent.name, agent.load)}>
          <span style={{ width: `${Math.min(100, agent.load)}%` }} />
        </span>
        <span className="wall-number wall-small">{agent.load} %</span>
      </td>
      <td>
        {work.slice(0, 3).map((one) => (
          <Link key={one.interaction} className="wall-chip" data-state={one.state} to="/wallboard/interactions/$id" params={{ id: one.interaction }}
            search={(now) => now} title={`${words.states[one.state]}, ${one.queue}`}
            aria-label={`${words.states[one.state]}: ${one.name || words.untitled}`}>
            <span />
            {one.name || words.untitled}
          </Link>
        ))}
        {work.length > 3 ? <span className="wall-small">{text.more(work.length - 3)}</span> : null}
      </td>
    </>
  )
})
