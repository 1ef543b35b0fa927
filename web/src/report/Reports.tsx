import './report.css'

import { Button, Group, NativeSelect, SegmentedControl, Stack, Text, TextInput, Title } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'

import { serverNow } from '../live/clock'
import { text } from '../text/en/report'
import { Agents } from './Agents'
import { type Choice, dateOf, filled, type Interval, intervals, type Kind, kinds, later, zone } from './choice'
import { Interactions } from './Interactions'
import { Queues } from './Queues'
import { agentTotals, csvAddress, queueTotals } from './query'

const reports = { queues: Queues, agents: Agents, interactions: Interactions }

/** What happened: pick a report, look at it, take it along. */
export function Reports() {
  const choice = filled(useSearch({ from: '/shell/reports' }), serverNow())
  const Report = reports[choice.of]
  return (
    <Stack>
      <Group justify="space-between">
        <Title order={1}>{text.title}</Title>
        <Button component="a" variant="default" href={csvAddress(choice)} download>{text.download}</Button>
      </Group>
      <Picker choice={choice} />
      <Text size="sm" c="dimmed">{text.zone(zone)}</Text>
      <Report choice={choice} />
    </Stack>
  )
}

function Picker({ choice }: { choice: Required<Choice> }) {
  const navigate = useNavigate()
  const pick = (change: Choice) => void navigate({ to: '/reports', search: { ...choice, ...change }, replace: true })
  const today = dateOf(serverNow())
  const ranges: Record<string, [string, string]> = {
    today: [today, today], yesterday: [later(today, -1), later(today, -1)],
    week: [later(today, -6), today], month: [later(today, -29), today],
  }
  const range = Object.keys(ranges).find((name) => ranges[name]![0] === choice.from && ranges[name]![1] === choice.to) ?? 'own'
  // A range that has another length has other intervals, unless they are picked.
  const pickRange = (from: string, to: string) =>
    void navigate({ to: '/reports', search: { of: choice.of, name: choice.name, from, to: to < from ? from : to }, replace: true })
  return (
    <Stack gap="sm">
      <Group>
        <SegmentedControl aria-label={text.of} value={choice.of} onChange={(of) => pick({ of: of as Kind, name: '' })}
          data={kinds.map((kind) => ({ value: kind, label: text.kinds[kind] }))} />
      </Group>
      <Group align="flex-end" gap="sm">
        <NativeSelect label={text.range} value={range}
          data={Object.entries(text.ranges).map(([value, label]) => ({ value, label }))}
          onChange={({ currentTarget: { value } }) => { const own = ranges[value]; if (own) pickRange(...own) }} />
        <TextInput type="date" label={text.from} value={choice.from}
          onChange={({ currentTarget: { value } }) => { if (value) pickRange(value, choice.to) }} />
        <TextInput type="date" label={text.to} value={choice.to} min={choice.from}
          onChange={({ currentTarget: { value } }) => { if (value) pickRange(choice.from, value) }} />
        {choice.of === 'interactions' ? null : (
          <NativeSelect label={text.interval} value={choice.interval}
            data={intervals.map((value) => ({ value, label: text.intervals[value] }))}
            onChange={({ currentTarget: { value } }) => pick({ interval: value as Interval })} />
        )}
        <Names choice={choice} pick={(name) => pick({ name })} />
      </Group>
    </Stack>
  )
}

/** The queues or agents there is something to report on. */
function Names({ choice, pick }: { choice: Required<Choice>; pick: (name: string) => void }) {
  const queues = useQuery({ ...queueTotals(choice), enabled: choice.of !== 'agents' })
  const agents = useQuery({ ...agentTotals(choice), enabled: choice.of === 'agents' })
  const names = choice.of === 'agents' ? agents.data?.items.map((row) => row.agent) : queues.data?.items.map((row) => row.queue ?? '')
  const all = new Set(names)
  if (choice.name) all.add(choice.name)
  return (
    <NativeSelect label={text.one[choice.of]} value={choice.name} onChange={({ currentTarget: { value } }) => pick(value)}
      data={[{ value: '', label: text.all[choice.of] }, ...all]} />
  )
}
