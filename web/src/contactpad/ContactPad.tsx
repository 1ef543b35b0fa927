import { Alert, Radio, Group, SimpleGrid, Stack, Text, Title } from '@mantine/core'

import { inWords } from '../api/problem'
import { useSession } from '../session/session'
import { text } from '../text/en/contactpad'
import { Card } from './Card'
import { useAct, useChoosePresence, useDesk } from './desk'

/** The agent's desktop: its presence and its work. */
export function ContactPad() {
  const { username } = useSession()
  const { agent, work } = useDesk(username)
  const act = useAct()
  const choose = useChoosePresence(username)
  const failed = act.error ?? choose.error
  return (
    <Stack>
      <Title order={1}>{text.title}</Title>
      <Radio.Group label={text.presence} value={choose.isPending ? choose.variables : agent.presence} onChange={(presence) => choose.mutate(presence)}>
        <Group mt="xs">
          {Object.entries(text.presences).map(([presence, label]) => (
            <Radio key={presence} value={presence} label={label} />
          ))}
        </Group>
      </Radio.Group>
      <Text role="status">
        {text.now(agent.presence, agent.load)} {agent.intended ? text.intended(agent.intended) : null}
      </Text>
      {failed ? (
        <Alert color="red" role="alert" title={text.refused} withCloseButton closeButtonLabel={text.dismiss}
          onClose={() => { act.reset(); choose.reset() }}>
          {inWords(failed)}
        </Alert>
      ) : null}
      <Title order={2}>{text.work}</Title>
      <div aria-live="polite">
        {work.length === 0 ? <Text>{text.none}</Text> : null}
        <SimpleGrid cols={{ base: 1, sm: 2, lg: 3 }}>
          {work.map((one) => (
            <Card key={one.id} work={one} busy={act.isPending && act.variables.id === one.id}
              act={(action) => act.mutate({ id: one.id, action })} />
          ))}
        </SimpleGrid>
      </div>
    </Stack>
  )
}
