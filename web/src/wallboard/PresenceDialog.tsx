import { Alert, Button, Group, Modal, Radio, Stack, Text } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { useState } from 'react'

import { api, ask } from '../api/client'
import { inWords } from '../api/problem'
import { text } from '../text/en/wallboard'
import { type Agent, useLookAgain, usePresences } from './board'

/** Asks which presence an agent is to have. */
export function PresenceDialog({ agent, onClose }: { agent: Agent; onClose: () => void }) {
  const presences = usePresences()
  const [presence, setPresence] = useState<string>(agent.intended ?? agent.presence)
  const lookAgain = useLookAgain()
  const change = useMutation({
    mutationFn: () =>
      ask(api.PUT('/v1/agents/{username}/presence', { params: { path: { username: agent.username } }, body: { presence } })),
    onSuccess: () => {
      void lookAgain()
      onClose()
    },
  })
  const failed = change.error ?? presences.error
  return (
    <Modal opened onClose={onClose} title={text.acts.presence(agent.name)}>
      <form
        onSubmit={(event) => {
          event.preventDefault()
          change.mutate()
        }}>
        <Stack>
          <Text size="sm">
            {text.acts.presenceNow(agent.presence)} {agent.intended ? text.intended(agent.intended) : null}
          </Text>
          <Radio.Group label={text.presence} description={text.acts.presenceHelp} value={presence} onChange={setPresence}>
            <Stack gap="xs" mt="xs">
              {presences.data?.map(({ name }) => <Radio key={name} value={name} label={name} />)}
            </Stack>
          </Radio.Group>
          {failed ? (
            <Alert color="red" role="alert" title={text.acts.refused}>
              {inWords(failed)}
            </Alert>
          ) : null}
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              {text.acts.cancel}
            </Button>
            <Button type="submit" loading={change.isPending}>
              {text.acts.change}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  )
}
