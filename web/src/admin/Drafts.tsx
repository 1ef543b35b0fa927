import { Alert, Anchor, Badge, Button, Group, Modal, Stack, Table, Text, Textarea, TextInput, Title } from '@mantine/core'
import { useInfiniteQuery, useMutation, useSuspenseQuery } from '@tanstack/react-query'
import { Link, useNavigate, useSearch } from '@tanstack/react-router'
import { type FormEvent, useState } from 'react'

import { api, ask } from '../api/client'
import { text as general } from '../text/en'
import { text } from '../text/en/admin'
import { Confirm } from './Confirm'
import { useConfigChanged } from './draft/state'
import { Problem } from './Problem'

/** Drafts of the config, and the versions that were in force. */
export function Drafts() {
  const { data } = useSuspenseQuery({ queryKey: ['config', 'drafts', 'list'], queryFn: () => ask(api.GET('/v1/config/drafts')) })
  const { published } = useSearch({ from: '/shell/admin/' })
  const [making, setMaking] = useState(false)
  const say = text.drafts
  return (
    <Stack>
      <Group justify="space-between">
        <Title order={1}>{text.title}</Title>
        <Button onClick={() => setMaking(true)}>{say.make}</Button>
      </Group>
      <div role="status">{published ? <Alert color="green">{say.published(published)}</Alert> : null}</div>
      <Title order={2}>{say.title}</Title>
      {data.items.length === 0 ? <Text>{say.none}</Text> : null}
      <ul className="admin-cards">
        {data.items.map((draft) => (
          <li key={draft.id}>
            <Anchor fw={600} underline="always" renderRoot={(props) => <Link {...props} to="/admin/drafts/$draft" params={{ draft: String(draft.id) }} />}>
              {draft.name}
            </Anchor>
            {draft.outdated ? <Badge ml="sm" variant="outline" color="yellow">{say.outdated}</Badge> : null}
            {draft.note ? <Text>{draft.note}</Text> : null}
            <Text size="sm" c="dimmed">{say.saved(draft.saved, draft.savedby, draft.base)}</Text>
          </li>
        ))}
      </ul>
      <History />
      {making ? <NewDraft onClose={() => setMaking(false)} /> : null}
    </Stack>
  )
}

function NewDraft({ onClose }: { onClose: () => void }) {
  const [name, setName] = useState('')
  const [note, setNote] = useState('')
  const navigate = useNavigate()
  const changed = useConfigChanged()
  const make = useMutation({
    mutationFn: () => ask(api.POST('/v1/config/drafts', { body: { name, ...(note ? { note } : {}) } })),
    onSuccess: async (draft) => {
      await changed()
      await navigate({ to: '/admin/drafts/$draft', params: { draft: String(draft.id) } })
    },
  })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    make.mutate()
  }
  return (
    <Modal opened onClose={onClose} title={text.drafts.make} centered>
      <form onSubmit={submit}>
        <Stack>
          <TextInput label={text.drafts.name} description={text.drafts.nameHelp} value={name} required data-autofocus
            maxLength={255} onChange={(event) => setName(event.currentTarget.value)} />
          <Textarea label={text.drafts.note} value={note} maxLength={2000} onChange={(event) => setNote(event.currentTarget.value)} />
          <Problem error={make.error} />
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>{general.session.cancel}</Button>
            <Button type="submit" loading={make.isPending}>{text.drafts.begin}</Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  )
}

/** The versions of the config, newest first; any of them can come back. */
function History() {
  const say = text.history
  const changed = useConfigChanged()
  const [back, setBack] = useState<number | null>(null)
  const [said, setSaid] = useState('')
  const { data, error, hasNextPage, fetchNextPage, isFetchingNextPage } = useInfiniteQuery({
    queryKey: ['config', 'history'],
    initialPageParam: '',
    queryFn: ({ pageParam }) =>
      ask(api.GET('/v1/config/history', { params: { query: { limit: 20, ...(pageParam ? { cursor: pageParam } : {}) } } })),
    getNextPageParam: (page) => page.next,
  })
  const versions = data?.pages.flatMap((page) => page.items) ?? []
  const rollback = async () => {
    const { version } = await ask(api.POST('/v1/config/rollback', { body: { version: back! } }))
    setSaid(say.rolledBack(back!, version))
    await changed()
  }
  return (
    <>
      <Title order={2} mt="md">{say.title}</Title>
      <Problem error={error} />
      <div role="status">{said ? <Alert color="green">{said}</Alert> : null}</div>
      <Table.ScrollContainer minWidth={480} tabIndex={0} aria-label={say.title} role="region">
        <Table>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>{say.version}</Table.Th>
              <Table.Th>{say.at}</Table.Th>
              <Table.Th>{say.by}</Table.Th>
              <Table.Th>{say.source}</Table.Th>
              <Table.Th><span className="admin-hidden">{say.actions}</span></Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {versions.map((version, n) => (
              <Table.Tr key={version.version}>
                <Table.Td>{version.version}</Table.Td>
                <Table.Td>{new Date(version.at).toLocaleString()}</Table.Td>
                <Table.Td>{version.by}</Table.Td>
                <Table.Td>{version.source}</Table.Td>
                <Table.Td>
                  {n === 0 ? (
                    <Badge variant="outline">{say.inForce}</Badge>
                  ) : (
                    <Button size="compact-sm" variant="default" aria-label={say.backTo(version.version)} onClick={() => setBack(version.version)}>
                      {say.back}
                    </Button>
                  )}
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
      {hasNextPage ? (
        <Button variant="default" loading={isFetchingNextPage} onClick={() => void fetchNextPage()}>{text.more}</Button>
      ) : null}
      <Confirm opened={back !== null} onClose={() => setBack(null)} title={say.backTo(back ?? 0)} does={say.back} act={rollback}>
        {say.backHelp}
      </Confirm>
    </>
  )
}
