import { Badge, Button, Group, Stack, Tabs, Text, Title } from '@mantine/core'
import { useHotkeys } from '@mantine/hooks'
import { useMutation, useQuery } from '@tanstack/react-query'
import { Link, useBlocker, useNavigate, useParams, useSearch } from '@tanstack/react-router'
import { lazy, Suspense, useState } from 'react'

import { api, ask } from '../../api/client'
import { Loading } from '../../shell/Shell'
import { text } from '../../text/en/admin'
import { Confirm } from '../Confirm'
import { Problem } from '../Problem'
import { type DraftView, draftViews } from '../route'
import { Changes } from './Changes'
import { DraftProvider, useConfigChanged, useDraft, useOutlook, useText, useUnsaved } from './state'
import { Troubles } from './Troubles'

// What is heavy loads when it is looked at first.
const views: Record<DraftView, React.ComponentType> = {
  yaml: lazy(() => import('./Yaml').then(({ Yaml }) => ({ default: Yaml }))),
  changes: Changes,
  plans: lazy(() => import('../plan/PlanView').then(({ PlanView }) => ({ default: PlanView }))),
  agents: lazy(() => import('../table/AgentsView').then(({ AgentsView }) => ({ default: AgentsView }))),
  routes: lazy(() => import('../table/RoutesView').then(({ RoutesView }) => ({ default: RoutesView }))),
  more: lazy(() => import('../table/MoreView').then(({ MoreView }) => ({ default: MoreView }))),
}

/** Opens a draft. What somebody else saves meanwhile does not change what is here; saving then says so. */
export function DraftPage() {
  const { draft } = useParams({ from: '/shell/admin/drafts/$draft' })
  const { data, error } = useQuery({
    queryKey: ['draft', draft],
    queryFn: () => ask(api.GET('/v1/config/drafts/{id}', { params: { path: { id: draft } } })),
    staleTime: Infinity,
    gcTime: 0,
  })
  if (error) return <Problem error={error} />
  if (!data) return <Loading />
  return (
    <DraftProvider key={draft} from={data}>
      <Workspace note={data.note ?? ''} />
    </DraftProvider>
  )
}

function Workspace({ note }: { note: string }) {
  const { view = 'plans' } = useSearch({ from: '/shell/admin/drafts/$draft' })
  const navigate = useNavigate()
  const outlook = useOutlook()
  const faults = outlook.troubles.filter(({ warning }) => !warning).length
  const View = views[view]
  const say = text.draft
  return (
    <Stack gap="sm">
      <Toolbar faults={faults} />
      {note ? <Text>{note}</Text> : null}
      <Tabs value={view} keepMounted={false}
        onChange={(next) => void navigate({ to: '.', search: (old: object) => ({ ...old, view: next as DraftView }), replace: true })}>
        <Tabs.List>
          {draftViews.map((name) => (
            <Tabs.Tab key={name} value={name}>
              {say.views[name]}
              {name === 'changes' && faults > 0 ? <Badge ml={6} size="sm" color="red.9" aria-label={say.faults(faults)}>{faults}</Badge> : null}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        <Tabs.Panel value={view} pt="md">
          <Suspense fallback={<Loading />}>
            <View />
          </Suspense>
        </Tabs.Panel>
      </Tabs>
      {view === 'changes' ? null : <Troubles outlook={outlook} />}
      <Leaving />
    </Stack>
  )
}

/** What is done with the draft as a whole. */
function Toolbar({ faults }: { faults: number }) {
  const draft = useDraft()
  const { manuscript } = draft
  const unsaved = useUnsaved()
  useText()
  const navigate = useNavigate()
  const changed = useConfigChanged()
  const [asking, setAsking] = useState<'discard' | null>(null)
  const save = useMutation({ mutationFn: () => draft.save() })
  const say = text.draft
  useHotkeys([
    ['mod+S', () => save.mutate()],
    ['mod+Z', () => manuscript.undo()],
    ['mod+shift+Z', () => manuscript.redo()],
    ['mod+Y', () => manuscript.redo()],
  ])
  const readable = manuscript.reading.misprints.length === 0
  const discard = async () => {
    await api.DELETE('/v1/config/drafts/{id}', { params: { path: { id: String(draft.id) } } })
    manuscript.saved(manuscript.text, () => false)
    await navigate({ to: '/admin' })
    await changed()
  }
  return (
    <>
      <Group justify="space-between" align="center">
        <div>
          <Title order={1} size="h2">{draft.name}</Title>
          <Text size="sm" c="dimmed" role="status">
            {say.standing(draft.base, unsaved)} {faults > 0 ? say.faults(faults) : null}
          </Text>
        </div>
        <Group gap="xs">
          <Button variant="default" size="sm" disabled={!manuscript.undoable} onClick={() => manuscript.undo()}>{say.undo}</Button>
          <Button variant="default" size="sm" disabled={!manuscript.redoable} onClick={() => manuscript.redo()}>{say.redo}</Button>
          <Button variant="default" size="sm" onClick={() => setAsking('discard')}>{say.discard}</Button>
          <Button variant="default" size="sm" disabled={!unsaved || !readable} loading={save.isPending} onClick={() => save.mutate()}>{say.save}</Button>
          <Button size="sm" renderRoot={(props) => <Link {...props} to="." search={(old: object) => ({ ...old, view: 'changes' as const })} />}>
            {say.publish}
          </Button>
        </Group>
      </Group>
      <Problem error={save.error} onClose={() => save.reset()} />
      <Confirm opened={asking === 'discard'} onClose={() => setAsking(null)} title={say.discardTitle(draft.name)} does={say.discard} act={discard} danger>
        {say.discardHelp}
      </Confirm>
    </>
  )
}

/** Whoever leaves with unsaved changes is asked first. */
function Leaving() {
  const { manuscript } = useDraft()
  const blocker = useBlocker({
    shouldBlockFn: ({ current, next }) => manuscript.unsaved && current.pathname !== next.pathname,
    enableBeforeUnload: () => manuscript.unsaved,
    withResolver: true,
  })
  const say = text.draft
  return (
    <Confirm opened={blocker.status === 'blocked'} onClose={() => blocker.reset?.()} title={say.leave} does={say.leaveAnyway} danger
      act={async () => blocker.proceed?.()}>
      {say.leaveHelp}
    </Confirm>
  )
}
