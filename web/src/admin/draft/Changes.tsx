import { Alert, Button, Checkbox, Group, List, Stack, Text, Title } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'

import { api, ask, type Schema } from '../../api/client'
import { text } from '../../text/en/admin'
import { Problem } from '../Problem'
import { useConfigChanged, useDraft, useOutlook, useUnsaved } from './state'
import { Troubles } from './Troubles'

/** What publishing the draft would change, in words, and the button that does it. */
export function Changes() {
  const draft = useDraft()
  const outlook = useOutlook()
  const unsaved = useUnsaved()
  const changed = useConfigChanged()
  const navigate = useNavigate()
  const [force, setForce] = useState(false)
  const { preview } = outlook
  const say = text.changes
  const publish = useMutation({
    mutationFn: async (): Promise<Schema['Published']> => {
      if (draft.manuscript.unsaved) await draft.save()
      return ask(
        api.POST('/v1/config/drafts/{id}/publish', {
          params: { path: { id: String(draft.id) }, query: force ? { force } : {}, header: { 'If-Match': `"${draft.revision}"` } },
        }),
      )
    },
    onSuccess: async ({ version, changed: different }) => {
      await navigate({ to: '/admin', search: different ? { published: version } : {} })
      await changed()
    },
  })
  const outdated = preview !== undefined && preview.base !== preview.version
  const faulty = outlook.troubles.some(({ warning }) => !warning)
  return (
    <Stack>
      <Troubles outlook={outlook} />
      {preview?.valid ? (
        <>
          <Title order={2} size="h3">{say.title(preview.version)}</Title>
          {preview.changes.length === 0 ? <Text>{say.none}</Text> : null}
          <Lines lines={preview.changes} label={say.title(preview.version)} />
          {preview.affected.length > 0 ? (
            <>
              <Title order={2} size="h3">{say.affected}</Title>
              <Lines lines={preview.affected.map(({ count, text: what }) => say.counted(count, what))} label={say.affected} />
              <Text>{say.waiting(preview.waiting)}</Text>
            </>
          ) : null}
          {outdated ? (
            <Alert color="yellow" title={say.outdated(preview.base, preview.version)}>
              <Lines lines={preview.since} label={say.since} />
              <Checkbox mt="sm" checked={force} onChange={(event) => setForce(event.currentTarget.checked)} label={say.force} />
            </Alert>
          ) : null}
        </>
      ) : null}
      <Problem error={publish.error} />
      <Group>
        <Button loading={publish.isPending} disabled={faulty || !outlook.current || (outdated && !force)} onClick={() => publish.mutate()}>
          {unsaved ? say.saveAndPublish : say.publish}
        </Button>
      </Group>
    </Stack>
  )
}

function Lines({ lines, label }: { lines: string[]; label: string }) {
  if (lines.length === 0) return null
  return (
    <List aria-label={label}>
      {lines.map((line, n) => <List.Item key={n}>{line}</List.Item>)}
    </List>
  )
}
