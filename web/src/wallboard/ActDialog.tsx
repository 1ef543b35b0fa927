import { Alert, Button, Group, Modal, Radio, Select, Stack } from '@mantine/core'
import { useMutation, useQuery } from '@tanstack/react-query'
import { useState } from 'react'

import { api, ask } from '../api/client'
import { inWords } from '../api/problem'
import { text } from '../text/en/wallboard'
import { useLookAgain, type Waiting } from './board'
import { nameOf } from './WaitingTable'

/** What a supervisor does to an interaction by hand. */
export type Act = 'requeue' | 'priority' | 'assign' | 'release'

const acts: readonly Act[] = ['priority', 'assign', 'requeue', 'release']
const help: Record<Act, string> = {
  requeue: text.acts.requeueHelp,
  priority: text.acts.priorityHelp,
  assign: text.acts.assignHelp,
  release: text.acts.releaseHelp,
}

/** Asks what is to happen to an interaction, and shows in its words what the server refuses. */
export function ActDialog({ work, first = 'priority', onClose }: { work: Waiting; first?: Act; onClose: () => void }) {
  const [act, setAct] = useState<Act>(first)
  const [band, setBand] = useState(String(work.band))
  const [agent, setAgent] = useState<string | null>(null)
  const lookAgain = useLookAgain()
  const doing = useMutation({
    mutationFn: () => call(work.id, act, band, agent ?? ''),
    onSuccess: () => {
      void lookAgain()
      onClose()
    },
  })
  const choose = (next: string) => {
    doing.reset()
    setAct(next as Act)
  }
  return (
    <Modal opened onClose={onClose} title={text.acts.title(nameOf(work))} size="lg">
      <form
        onSubmit={(event) => {
          event.preventDefault()
          doing.mutate()
        }}>
        <Stack>
          <Radio.Group label={text.acts.what} value={act} onChange={choose}>
            <Stack gap="xs" mt="xs">
              {acts.map((one) => (
                <Radio key={one} value={one} label={text.acts[one]} description={help[one]} />
              ))}
            </Stack>
          </Radio.Group>
          {act === 'priority' ? (
            <Select label={text.acts.band} value={band} onChange={(value) => setBand(value ?? band)} allowDeselect={false} comboboxProps={{ withinPortal: false }}
              data={Object.entries(text.bands).map(([value, label]) => ({ value, label }))} />
          ) : null}
          {act === 'assign' ? <AgentChoice value={agent} onChange={setAgent} /> : null}
          {doing.error ? (
            <Alert color="red" role="alert" title={text.acts.refused}>
              {inWords(doing.error)}
            </Alert>
          ) : null}
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              {text.acts.cancel}
            </Button>
            <Button type="submit" loading={doing.isPending} color={act === 'release' ? 'red' : 'blue'}
              disabled={act === 'assign' && !agent}>
              {text.acts[act]}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  )
}

function AgentChoice({ value, onChange }: { value: string | null; onChange: (username: string | null) => void }) {
  const agents = useQuery({
    queryKey: ['agents', 'choice'],
    queryFn: async () => (await ask(api.GET('/v1/agents', { params: { query: { limit: 1000 } } }))).items,
    staleTime: 0,
  })
  const data = [...(agents.data ?? [])]
    .sort((a, b) => Number(b.category === 'Ready') - Number(a.category === 'Ready') || a.load - b.load || a.name.localeCompare(b.name))
    .map((agent) => ({ value: agent.username, label: text.acts.agentOption(agent.name, agent.presence, agent.load) }))
  return (
    <Select label={text.acts.agent} placeholder={text.acts.agentHint} nothingFoundMessage={text.acts.nobody} searchable limit={50} data={data}
      value={value} onChange={onChange} comboboxProps={{ withinPortal: false }} />
  )
}

function call(id: string, act: Act, band: string, toagent: string) {
  const params = { path: { id } }
  switch (act) {
    case 'requeue':
      return ask(api.POST('/v1/interactions/{id}/requeue', { params, body: {} }))
    case 'priority':
      return ask(api.POST('/v1/interactions/{id}/priority', { params, body: { band } }))
    case 'assign':
      return ask(api.POST('/v1/interactions/{id}/assign', { params, body: { toagent } }))
    case 'release':
      return ask(api.POST('/v1/interactions/{id}/release', { params, body: {} }))
  }
}
