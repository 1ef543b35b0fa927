import { Anchor, Badge, Button, Card as Frame, Group, Text, Title } from '@mantine/core'

import { useServerNow } from '../live/clock'
import { text } from '../text/en/contactpad'
import type { Action, Work } from './desk'

interface Step {
  action: Action
  label: string
}

/** What there is to do in each state. Whether it is permitted the server says when it is asked. */
function stepsOf(work: Work): Step[] {
  const say = text.actions
  switch (work.state) {
    case 'offered':
      return [{ action: 'accept', label: say.accept }, { action: 'decline', label: say.decline }]
    case 'connected':
      return [
        { action: 'release', label: say.release },
        { action: 'hold', label: work.interactiontype === 'live' ? say.hold : say.park },
      ]
    case 'held':
      return [{ action: 'retrieve', label: say.retrieve }, { action: 'release', label: say.release }]
    case 'parked':
      return [{ action: 'retrieve', label: say.retrieve }]
    case 'wrap':
      return [{ action: 'complete', label: say.complete }]
    default:
      return []
  }
}

/** Only addresses that a person may follow are links. */
const followed = /^(https?|mailto|tel):/i

/** One piece of work of the agent. */
export function Card({ work, busy, act }: { work: Work; busy: boolean; act: (action: Action) => void }) {
  const now = useServerNow()
  const name = work.name || work.externalid || text.untitled
  const left = work.until ? Math.max(0, Math.ceil((Date.parse(work.until) - now) / 1000)) : undefined
  const facts: [string, string][] = [
    [text.route, work.route],
    [text.clid, work.clid],
    [text.mediatype, work.mediatype],
    [text.skills, work.skills.map((skill) => skill.name).join(', ')],
    ...work.properties.map(({ key, value }): [string, string] => [key, value]),
  ]
  return (
    <Frame withBorder component="article" aria-label={name}>
      <Group justify="space-between">
        <Title order={3}>{name}</Title>
        <Badge variant="outline">{text.states[work.state as keyof typeof text.states]}</Badge>
      </Group>
      {work.state !== 'parked' && left !== undefined ? <Text size="sm">{text.left(left)}</Text> : null}
      {facts.map(([label, value], n) => (value ? <Text size="sm" key={n}>{`${label}: ${value}`}</Text> : null))}
      {work.urls.map(({ label, value }, n) =>
        value && followed.test(value) ? (
          <Anchor key={n} href={value} target="_blank" rel="noopener noreferrer" underline="always">
            {label}
          </Anchor>
        ) : (
          <Text size="sm" key={n}>
            {label}
          </Text>
        ),
      )}
      <Group mt="sm">
        {stepsOf(work).map(({ action, label }, n) => (
          <Button key={action} variant={n === 0 ? 'filled' : 'default'} disabled={busy} aria-label={text.of(label, name)}
            onClick={() => act(action)}>
            {label}
          </Button>
        ))}
      </Group>
    </Frame>
  )
}
