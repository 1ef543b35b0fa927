import { Button, Checkbox, Group, Modal, NativeSelect, Stack, TextInput } from '@mantine/core'
import { type FormEvent, useState } from 'react'

import { text as general } from '../../text/en'
import { text } from '../../text/en/admin'
import type { Account, Plan } from '../draft/manuscript'
import { setIn } from '../draft/manuscript'
import { appletTypes } from '../draft/schema'
import { useDraft } from '../draft/state'
import { appletsOf, connect, exitsOf, freshName, same } from './exits'

/** Asks for a new applet: its type, its name, and which exit leads to it. */
export function NewApplet({ at, plan, after, onClose, onMade }: {
  at: number
  plan: Plan
  after: string | undefined
  onClose: () => void
  onMade: (applet: string) => void
}) {
  const { manuscript } = useDraft()
  const applets = appletsOf(plan)
  const loose = applets.flatMap(([name, applet]) => exitsOf(applet).filter(({ to }) => !to).map((exit) => ({ name, exit })))
  const first = loose.findIndex(({ name }) => name === after)
  const [type, setType] = useState('queue')
  const [name, setName] = useState<string | null>(null)
  const [from, setFrom] = useState(String(first))
  const called = name ?? freshName(plan, type)
  const clash = applets.some(([other]) => same(other, called))
  const say = text.plan
  const make = (event: FormEvent) => {
    event.preventDefault()
    if (clash || !called.trim()) return
    manuscript.edit((tree) => {
      setIn(tree, ['plans', at, 'applets', called], { type })
      const source = loose[Number(from)]
      if (source) connect(tree, ['plans', at, 'applets', source.name], source.exit, called)
      if (!plan.start) setIn(tree, ['plans', at, 'start'], called)
    })
    onMade(called)
  }
  return (
    <Modal opened onClose={onClose} title={say.addApplet} centered>
      <form onSubmit={make}>
        <Stack>
          <NativeSelect label={say.type} data-autofocus value={type} onChange={(event) => setType(event.currentTarget.value)}
            description={say.types[type as keyof typeof say.types]} data={appletTypes.map((one) => one)} />
          <TextInput label={say.appletName} value={called} required error={clash ? say.taken : undefined} autoComplete="off"
            onChange={(event) => setName(event.currentTarget.value)} />
          {loose.length > 0 ? (
            <NativeSelect label={say.comesAfter} value={from} onChange={(event) => setFrom(event.currentTarget.value)}
              data={[{ value: '-1', label: say.afterNothing },
                ...loose.map(({ name: source, exit }, n) => ({ value: String(n), label: say.exitOf(source, exit.name) }))]} />
          ) : null}
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>{general.session.cancel}</Button>
            <Button type="submit">{say.add}</Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  )
}

/** Asks for a new plan, and whether work gets to it by a route of its name. */
export function NewPlan({ account, onClose, onMade }: { account: Account; onClose: () => void; onMade: (plan: string) => void }) {
  const { manuscript } = useDraft()
  const [name, setName] = useState('')
  const [routed, setRouted] = useState(true)
  const clash = account.plans?.some((plan) => same(plan?.name, name.trim())) ?? false
  const say = text.plan
  const make = (event: FormEvent) => {
    event.preventDefault()
    const called = name.trim()
    if (clash || !called) return
    manuscript.edit((tree) => {
      setIn(tree, ['plans', account.plans?.length ?? 0], { name: called, applets: {} })
      if (routed) setIn(tree, ['routes', account.routes?.length ?? 0], { name: called, plan: called })
    })
    onMade(called)
  }
  return (
    <Modal opened onClose={onClose} title={say.addPlan} centered>
      <form onSubmit={make}>
        <Stack>
          <TextInput label={say.planName} value={name} required data-autofocus error={clash ? say.planTaken : undefined} autoComplete="off"
            onChange={(event) => setName(event.currentTarget.value)} />
          <Checkbox label={say.withRoute} description={say.withRouteHelp} checked={routed} onChange={(event) => setRouted(event.currentTarget.checked)} />
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>{general.session.cancel}</Button>
            <Button type="submit">{say.add}</Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  )
}
