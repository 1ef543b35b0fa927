import { Alert, Button, Group, NativeSelect, Stack, Tabs, Text } from '@mantine/core'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { useMemo, useState } from 'react'

import type { Schema } from '../../api/client'
import { text } from '../../text/en/admin'
import { Confirm } from '../Confirm'
import type { Plan } from '../draft/manuscript'
import { pathOf } from '../draft/path'
import { useDraft, useOutlook, useReading } from '../draft/state'
import { AppletForm } from './AppletForm'
import { appletsOf, connect, same } from './exits'
import { Graph, type Lit } from './Graph'
import { NewApplet, NewPlan } from './NewApplet'
import { TestRun } from './TestRun'

/** The plans of the draft: drawn, each applet in a form, and tried on a payload. */
export function PlanView() {
  const { manuscript } = useDraft()
  const { value: account, misprints } = useReading()
  const { troubles } = useOutlook()
  const { plan: asked, applet: chosen } = useSearch({ from: '/shell/admin/drafts/$draft' })
  const navigate = useNavigate()
  const [side, setSide] = useState<string | null>('applet')
  const [asking, setAsking] = useState<'plan' | 'applet' | 'remove' | null>(null)
  const [ran, setRan] = useState<Schema['Rehearsed'] | undefined>(undefined)
  const plans = account.plans ?? []
  const at = Math.max(0, plans.findIndex((plan) => same(plan?.name, asked)))
  const plan: Plan | undefined = plans[at]
  const name = plan?.name ?? ''
  const lit = useMemo(() => (ran ? litOf(ran, name) : undefined), [ran, name])
  const faulty = new Set(troubles.filter(({ warning }) => !warning).map(({ path }) => pathOf(path))
    .filter((path) => path[0] === 'plans' && path[1] === at && path[2] === 'applets').map((path) => String(path[3])))
  const show = (search: { plan?: string; applet?: string | undefined }) =>
    void navigate({ to: '.', replace: true, search: (old: object) => ({ ...old, ...search }) as never })
  const select = (applet: string | undefined) => {
    show({ applet })
    setSide('applet')
  }
  const say = text.plan
  if (misprints.length > 0) return <Alert color="red">{text.draft.unreadable}</Alert>
  const applets = appletsOf(plan)
  const applet = applets.find(([one]) => same(one, chosen))
  return (
    <Stack gap="sm">
      <Group align="flex-end" gap="xs">
        {plan ? (
          <NativeSelect label={say.plan} value={name} data={plans.flatMap((one) => one?.name ?? [])}
            onChange={(event) => show({ plan: event.currentTarget.value, applet: undefined })} />
        ) : null}
        <Button variant="default" onClick={() => setAsking('plan')}>{say.addPlan}</Button>
        {plan ? <Button variant="default" onClick={() => setAsking('remove')}>{say.removePlan}</Button> : null}
        {plan ? <Button onClick={() => setAsking('applet')}>{say.addApplet}</Button> : null}
      </Group>
      {plan ? (
        <div className="plan-page">
          <div>
            {applets.length === 0 ? <Text mb="sm">{say.empty}</Text> : null}
            <Graph plan={plan} selected={applet?.[0]} faulty={faulty} lit={lit} onSelect={select}
              onConnect={(from, exit, to) => manuscript.edit((tree) => connect(tree, ['plans', at, 'applets', from], exit, to))} />
            <Text size="sm" c="dimmed" mt="xs">{say.help}</Text>
          </div>
          <div className="plan-side">
            <Tabs value={side} onChange={setSide}>
              <Tabs.List>
                <Tabs.Tab value="applet">{say.settings}</Tabs.Tab>
                <Tabs.Tab value="test">{say.test}</Tabs.Tab>
              </Tabs.List>
              <Tabs.Panel value="applet" pt="sm">
                {applet ? (
                  <AppletForm key={`${at}/${applet[0]}`} at={at} plan={plan} name={applet[0]} applet={applet[1]} onSelect={select} />
                ) : (
                  <Text>{say.choose}</Text>
                )}
              </Tabs.Panel>
              <Tabs.Panel value="test" pt="sm">
                <TestRun plan={plan} ran={ran} onRan={setRan} onShow={(planName, appletName) => show({ plan: planName, applet: appletName })} />
              </Tabs.Panel>
            </Tabs>
          </div>
        </div>
      ) : (
        <Text>{say.none}</Text>
      )}
      {asking === 'plan' ? (
        <NewPlan account={account} onClose={() => setAsking(null)} onMade={(made) => {
          setAsking(null)
          show({ plan: made, applet: undefined })
        }} />
      ) : null}
      {asking === 'applet' && plan ? (
        <NewApplet at={at} plan={plan} after={applet?.[0]} onClose={() => setAsking(null)} onMade={(made) => {
          setAsking(null)
          select(made)
        }} />
      ) : null}
      <Confirm opened={asking === 'remove'} onClose={() => setAsking(null)} title={say.removePlanTitle(name)} does={say.removePlan} danger
        act={async () => {
          manuscript.edit((tree) => tree.deleteIn(['plans', at]))
          show({ plan: '', applet: undefined })
        }}>
        {say.removePlanHelp}
      </Confirm>
    </Stack>
  )
}

/** What of a plan a run went through. */
function litOf(ran: Schema['Rehearsed'], plan: string): Lit {
  const steps = ran.steps.filter((step) => same(step.plan, plan))
  return {
    applets: new Set(steps.flatMap(({ applet }) => applet ?? [])),
    exits: new Set(steps.flatMap(({ applet, exit }) => (applet && exit ? [`${applet}/${exit}`] : []))),
  }
}
