import { useDebouncedValue } from '@mantine/hooks'
import { keepPreviousData, useQuery, useQueryClient } from '@tanstack/react-query'
import { createContext, type ReactNode, useContext, useState, useSyncExternalStore } from 'react'

import { api, ask, type Schema } from '../../api/client'
import { Refusal } from '../../api/problem'
import { type Account, Manuscript, type Reading, toSend, toYAML } from './manuscript'
import { type Path, pathOf, spanOf } from './path'

/** Something wrong with the draft, with its place in the text. */
export interface Trouble {
  text: string
  path: string
  line: number
  from: number
  to: number
  warning: boolean
}

/** A draft that is open: what the server has of it, and its text as it is being edited. */
export class OpenDraft {
  readonly id: number
  readonly name: string
  readonly base: number
  revision: number
  readonly manuscript: Manuscript

  constructor(from: Schema['Draft']) {
    this.id = from.id
    this.name = from.name
    this.base = from.base
    this.revision = from.revision
    this.manuscript = new Manuscript(toYAML(from.document))
  }

  /** Saves it; somebody else's save in between is refused, not overwritten. */
  async save(): Promise<void> {
    const { text, reading } = this.manuscript
    const saved = await ask(
      api.PUT('/v1/config/drafts/{id}', {
        params: { path: { id: String(this.id) }, header: { 'If-Match': `"${this.revision}"` } },
        body: { document: toSend(reading) as Schema['Account'] },
      }),
    )
    this.revision = saved.revision
    const kept = await ask(api.GET('/v1/config/drafts/{id}', { params: { path: { id: String(this.id) } } }))
    this.manuscript.saved(text, (path) => valueAt(kept.document, path) === '***')
  }
}

/** What a path addresses in a value. */
export function valueAt(value: unknown, path: Path): unknown {
  let at = value
  for (const step of path) {
    if (typeof at !== 'object' || at === null) return undefined
    at = (at as Record<string | number, unknown>)[step]
  }
  return at
}

const DraftContext = createContext<OpenDraft | null>(null)

export function useDraft(): OpenDraft {
  const draft = useContext(DraftContext)
  if (!draft) throw new Error('a view of a draft is shown without one')
  return draft
}

/** Holds an open draft for all its views. */
export function DraftProvider({ from, children }: { from: Schema['Draft']; children: ReactNode }) {
  const [draft] = useState(() => new OpenDraft(from))
  return <DraftContext value={draft}>{children}</DraftContext>
}

/** The text of the draft, as it is now. */
export function useText(): string {
  const { manuscript } = useDraft()
  return useSyncExternalStore(manuscript.watch, () => manuscript.text)
}

export function useUnsaved(): boolean {
  const { manuscript } = useDraft()
  return useSyncExternalStore(manuscript.watch, () => manuscript.unsaved)
}

/** The draft as it reads now. */
export function useReading(): Reading {
  const { manuscript } = useDraft()
  useText()
  return manuscript.reading
}

export function useAccount(): Account {
  return useReading().value
}

/** What publishing would do, asked again a moment after each change. */
export interface Outlook {
  troubles: Trouble[]
  preview: Schema['DraftPreview'] | undefined
  /** The answer is about the text as it is. */
  current: boolean
  failure: unknown
}

export function useOutlook(): Outlook {
  const draft = useDraft()
  const text = useText()
  const [settled] = useDebouncedValue(text, 400)
  const reading = draft.manuscript.reading
  const readable = reading.misprints.length === 0
  const { data, error, isPlaceholderData } = useQuery({
    queryKey: ['config', 'drafts', draft.id, 'check', settled],
    enabled: readable && settled === text,
    placeholderData: keepPreviousData,
    gcTime: 10_000,
    queryFn: () => checkOf(draft),
  })
  if (!readable) {
    const troubles = reading.misprints.map((m) => ({ ...m, path: '', warning: false }))
    return { troubles, preview: undefined, current: true, failure: null }
  }
  const troubles = (data?.faults ?? []).map((fault): Trouble => {
    const span = spanOf(reading.tree, pathOf(fault.path.replace(/^body\./, '').replace(/^document\./, '')))
    return { text: fault.text, path: fault.path, warning: fault.warning ?? false, ...span, line: lineOf(text, span.from) }
  })
  return { troubles, preview: data?.preview, current: settled === text && !isPlaceholderData, failure: error }
}

/** Asks the server what it thinks of the draft as it is here. A refusal that names faults is an answer. */
async function checkOf(draft: OpenDraft) {
  try {
    const preview = await ask(
      api.POST('/v1/config/drafts/{id}/check', {
        params: { path: { id: String(draft.id) } },
        body: { document: toSend(draft.manuscript.reading) as Schema['Account'] },
      }),
    )
    return { preview, faults: preview.problems }
  } catch (error) {
    if (!(error instanceof Refusal) || error.status !== 422) throw error
    const faults = error.details.errors as Schema['Fault'][] | undefined
    return { preview: undefined, faults: faults?.length ? faults : [{ path: '', text: error.message }] }
  }
}

function lineOf(text: string, at: number): number {
  let line = 1
  for (let n = text.indexOf('\n'); n >= 0 && n < at; n = text.indexOf('\n', n + 1)) line++
  return line
}

/** Forgets what is known of the config and its drafts; it has changed. */
export function useConfigChanged(): () => Promise<void> {
  const client = useQueryClient()
  return () => client.invalidateQueries({ queryKey: ['config'] })
}
