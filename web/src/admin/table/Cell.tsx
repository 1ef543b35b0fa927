import { NativeSelect, TextInput } from '@mantine/core'
import { useState } from 'react'

/** A text in a table. What is typed counts when the cell is left, or with Enter. */
export function TextCell({ label, value, onSet }: { label: string; value: string; onSet: (value: string) => void }) {
  const [typed, setTyped] = useState<string | null>(null)
  const keep = () => {
    if (typed !== null && typed !== value) onSet(typed)
    setTyped(null)
  }
  return (
    <TextInput size="xs" aria-label={label} value={typed ?? value} autoComplete="off" onBlur={keep}
      onChange={(event) => setTyped(event.currentTarget.value)} onKeyDown={(event) => (event.key === 'Enter' ? keep() : undefined)} />
  )
}

/** A word in a table, of those there are. */
export function ChoiceCell({ label, value, choices, none, onSet }: {
  label: string
  value: string
  choices: string[]
  none?: string
  onSet: (value: string) => void
}) {
  const known = value === '' || choices.includes(value)
  return (
    <NativeSelect size="xs" aria-label={label} value={value} onChange={(event) => onSet(event.currentTarget.value)}
      data={[...(none === undefined && value ? [] : [{ value: '', label: none ?? '–' }]), ...(known ? [] : [value]), ...choices]} />
  )
}
