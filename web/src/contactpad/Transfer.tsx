import { Alert, Loader, Modal, Tabs, Text, TextInput, UnstyledButton } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { useState } from 'react'

import { inWords } from '../api/problem'
import { text } from '../text/en/contactpad'
import { useTargets, type Work } from './desk'

const say = text.transfer

type Target = { toagent: string } | { toroute: string }

/** Asks whom to give a piece of work to, or which route, and gives it. */
export function Transfer({ work, name, kinds, opened, close, give }: {
  work: Work
  name: string
  kinds: readonly ('agent' | 'route' | undefined)[]
  opened: boolean
  close: () => void
  give: (target: Target) => Promise<void>
}) {
  return (
    <Modal opened={opened && kinds.length > 0} onClose={close} title={say.title(name)} size="md">
      <Choice work={work} kinds={kinds} close={close} give={give} />
    </Modal>
  )
}

function Choice({ work, kinds, close, give }: Omit<Parameters<typeof Transfer>[0], 'name' | 'opened'>) {
  const [q, setQ] = useState('')
  const [asked] = useDebouncedValue(q.trim(), 150)
  const { data, error } = useTargets(work.id, asked, true)
  const [failure, setFailure] = useState('')
  const [busy, setBusy] = useState(false)
  const choose = async (target: Target) => {
    if (busy) return
    setBusy(true)
    setFailure('')
    try {
      await give(target)
      close()
    } catch (refused) {
      setFailure(inWords(refused))
      setBusy(false)
    }
  }
  const first = kinds.includes('agent') ? 'agent' : 'route'
  return (
    <>
      <TextInput label={say.search} value={q} onChange={(event) => setQ(event.currentTarget.value)} data-autofocus maxLength={200} mb="sm" />
      {failure || error ? (
        <Alert color="red" role="alert" title={say.failed} mb="sm">
          {failure || inWords(error)}
        </Alert>
      ) : null}
      <Tabs defaultValue={first}>
        <Tabs.List>
          {kinds.includes('agent') ? <Tabs.Tab value="agent">{say.agents}</Tabs.Tab> : null}
          {kinds.includes('route') ? <Tabs.Tab value="route">{say.routes}</Tabs.Tab> : null}
        </Tabs.List>
        {data ? (
          <>
            <Tabs.Panel value="agent">
              <ul className="pad-targets">
                {data.agents.map((agent) => (
                  <li key={agent.username}>
                    <UnstyledButton className="pad-target" aria-disabled={busy || undefined} onClick={() => void choose({ toagent: agent.username })}>
                      <span className="pad-dot" data-category={agent.category} aria-hidden />
                      <span className="pad-target-name">{agent.name}</span>
                      <span>{agent.presence}</span>
                      <span className="pad-target-free">{agent.free ? say.free : agent.category === 'Ready' ? say.busy : ''}</span>
                    </UnstyledButton>
                  </li>
                ))}
              </ul>
              <Text size="sm" mt="xs">
                {data.agents.length === 0 ? say.noAgent : say.waits}
              </Text>
            </Tabs.Panel>
            <Tabs.Panel value="route">
              <ul className="pad-targets">
                {data.routes.map((route) => (
                  <li key={route}>
                    <UnstyledButton className="pad-target" aria-disabled={busy || undefined} onClick={() => void choose({ toroute: route })}>
                      <span className="pad-target-name">{route}</span>
                    </UnstyledButton>
                  </li>
                ))}
              </ul>
              {data.routes.length === 0 ? <Text size="sm">{say.noRoute}</Text> : null}
            </Tabs.Panel>
            {data.more ? <Text size="sm">{say.more}</Text> : null}
          </>
        ) : (
          <Loader size="sm" m="md" role="status" aria-label={say.loading} />
        )}
      </Tabs>
    </>
  )
}
