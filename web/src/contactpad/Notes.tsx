import { NativeSelect, Textarea, TextInput } from '@mantine/core'

import { text } from '../text/en/contactpad'
import type { Standing, Typed } from './typed'

const say = text.notes

/** Disposition and notes of a piece of work, saved as they are typed. */
export function Notes({ name, typed, dispositions, asked }: {
  name: string
  typed: Typed
  dispositions: readonly string[]
  /** The agent wanted to end the work without a disposition that is needed. */
  asked: boolean
}) {
  const { disposition, notes } = typed.text
  const choice = {
    label: say.disposition,
    'aria-label': text.of(say.disposition, name),
    value: disposition,
    error: asked && !disposition ? say.required : undefined,
    'data-disposition': true,
    onChange: (event: { currentTarget: { value: string } }) => typed.type({ disposition: event.currentTarget.value }),
  }
  // What was kept before the account's list changed is still shown.
  const listed = disposition && !dispositions.includes(disposition) ? [disposition, ...dispositions] : dispositions
  return (
    <div className="pad-notes">
      {dispositions.length > 0 ? (
        <NativeSelect size="sm" {...choice} data={[{ value: '', label: say.none }, ...listed]} />
      ) : (
        <TextInput size="sm" {...choice} maxLength={255} />
      )}
      <Textarea size="sm" label={say.notes} aria-label={text.of(say.notes, name)} value={notes} rows={3} maxLength={8192} data-key="n"
        aria-keyshortcuts="n" classNames={{ input: 'pad-typing' }} onChange={(event) => typed.type({ notes: event.currentTarget.value })} />
      <Saved standing={typed.standing} />
    </div>
  )
}

function Saved({ standing }: { standing: Standing }) {
  const words = { same: '', typing: say.typing, saving: say.saving, saved: say.saved }
  return (
    <p className="pad-saved" role="status" data-failed={standing.is === 'failed' || undefined}>
      {standing.is === 'failed' ? say.failed(standing.why) : words[standing.is]}
    </p>
  )
}
