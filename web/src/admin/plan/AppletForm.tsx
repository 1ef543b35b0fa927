import { Button, Group, NativeSelect, Stack, Text, TextInput, Title } from '@mantine/core'
import { useState } from 'react'

import { text } from '../../text/en/admin'
import { Members } from '../draft/Field'
import type { Applet, Plan } from '../draft/manuscript'
import { setIn } from '../draft/manuscript'
import { appletShape } from '../draft/schema'
import { useDraft } from '../draft/state'
import { appletsOf, connect, exitsOf, remove, rename, same } from './exits'

/** The settings of an applet, and where its exits lead. */
export function AppletForm({ at, plan, name, applet, onSelect }: {
  at: number
  plan: Plan
  name: string
  applet: Applet
  onSelect: (applet: string | undefined) => void
}) {
  const { manuscript } = useDraft()
  const path = ['plans', at, 'applets', name]
  const shape = appletShape(applet.type)
  const exits = exitsOf(applet)
  const others = appletsOf(plan).map(([other]) => other)
  const say = text.plan
  return (
    <Stack gap="sm">
      <Title order={2} size="h4">{say.appletTitle(name, applet.type ?? '')}</Title>
      <NameField name={name} taken={others} onRename={(to) => {
        manuscript.edit((tree) => rename(tree, at, plan, name, to))
        onSelect(to)
      }} />
      {shape ? (
        <Members path={path} shape={shape} value={applet} depth={path.length} leaveOut={['type', 'next', 'on']} />
      ) : (
        <Text>{say.unknownType(applet.type ?? '')}</Text>
      )}
      {exits.length > 0 ? <Title order={3} size="h5">{say.exits}</Title> : null}
      {exits.map((exit) => (
        <NativeSelect key={exit.name} label={say.exit(exit.name)} value={others.find((other) => same(other, exit.to)) ?? ''}
          data={[{ value: '', label: say.leadsNowhere(applet.type ?? '', exit.name) }, ...others]}
          onChange={(event) => manuscript.edit((tree) => connect(tree, path, exit, event.currentTarget.value || undefined))} />
      ))}
      <Group>
        {same(plan.start, name) ? null : (
          <Button variant="default" size="sm" onClick={() => manuscript.edit((tree) => setIn(tree, ['plans', at, 'start'], name))}>
            {say.makeStart}
          </Button>
        )}
        <Button variant="default" size="sm" onClick={() => {
          manuscript.edit((tree) => remove(tree, at, plan, name))
          onSelect(undefined)
        }}>
          {say.removeApplet}
        </Button>
      </Group>
    </Stack>
  )
}

function NameField({ name, taken, onRename }: { name: string; taken: string[]; onRename: (to: string) => void }) {
  const [typed, setTyped] = useState<string | null>(null)
  const wish = (typed ?? name).trim()
  const clash = wish !== name && taken.some((other) => other !== name && same(other, wish))
  const keep = () => {
    if (wish && wish !== name && !clash) onRename(wish)
    setTyped(null)
  }
  return (
    <TextInput label={text.plan.appletName} value={typed ?? name} error={clash ? text.plan.taken : undefined} autoComplete="off"
      onChange={(event) => setTyped(event.currentTarget.value)} onBlur={keep}
      onKeyDown={(event) => (event.key === 'Enter' ? keep() : undefined)} />
  )
}

