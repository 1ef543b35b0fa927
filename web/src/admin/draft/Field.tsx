import { ActionIcon, Autocomplete, Button, Checkbox, Fieldset, Group, NativeSelect, Stack, TagsInput, Textarea, TextInput } from '@mantine/core'
import { useState } from 'react'

import { text } from '../../text/en/admin'
import { takeOut } from '../plan/exits'
import type { Account } from './manuscript'
import type { Path } from './path'
import { membersOf, resolved, type Shape, within, wordsOf } from './schema'
import { useAccount, useDraft } from './state'

/** What is asked for one value of the document: which it is, what it may be, what it is now. */
export interface FieldProps {
  path: Path
  name: string
  shape: Shape
  value: unknown
  required?: boolean
  /** Mappings above the value that are empty stay, down to this depth of the document. */
  depth?: number
}

/** The field of one value, made from its shape: a word, a number, a text, a list or a mapping. */
export function Field(props: FieldProps) {
  const { value } = props
  const shape = resolved(props.shape)
  const forms = shape.anyOf ?? []
  const mapping = forms.find((form) => form.type === 'object')
  const list = shape.items ? shape : forms.find((form) => form.items)
  if (list && (Array.isArray(value) || !mapping)) return <ListField {...props} item={list.items!} />
  if (shape.properties || shape.oneOf?.some((form) => form.properties)) return <MappingField {...props} />
  if (mapping || shape.type === 'object') return <EntriesField {...props} shape={mapping ?? shape} />
  if (shape.type === 'boolean') return <SwitchField {...props} />
  return <WordField {...props} shape={shape} />
}

/** Sets a value of the document, or takes it out. */
function useSet(path: Path, depth: number): (value: unknown) => void {
  const { manuscript } = useDraft()
  return (value) => (value === undefined ? manuscript.edit((tree) => takeOut(tree, path, depth)) : manuscript.set(path, value))
}

function helpOf(shape: Shape): { description?: string } {
  const said = shape.description ?? resolved(shape).description
  return said ? { description: said } : {}
}

function SwitchField({ path, name, shape, value, depth = 0 }: FieldProps) {
  const set = useSet(path, depth)
  return <Checkbox label={name} {...helpOf(shape)} checked={value === true} onChange={(event) => set(event.currentTarget.checked ? true : undefined)} />
}

const long = new Set(['message', 'body', 'text', 'html', 'when', 'calendar'])
const secret = new Set(['password', 'secret', 'signature'])

/** What is typed counts when the field is left, or with Enter: a half-typed name is no name. */
function WordField({ path, name, shape, value, required = false, depth = 0 }: FieldProps) {
  const set = useSet(path, depth)
  const account = useAccount()
  const shown = value === undefined || value === null ? '' : String(value)
  const [typed, setTyped] = useState<string | null>(null)
  const words = wordsOf(shape)
  const common = { label: name, required, withAsterisk: required, ...helpOf(shape) }
  if (words.length > 0) {
    return (
      <NativeSelect {...common} value={shown} onChange={(event) => set(event.currentTarget.value || undefined)}
        data={[{ value: '', label: '–' }, ...(words.includes(shown) || shown === '' ? words : [shown, ...words])]} />
    )
  }
  const keep = () => {
    if (typed !== null && typed !== shown) set(typed === '' ? undefined : meant(typed, shape))
    setTyped(null)
  }
  const field = { ...common, value: typed ?? shown, onBlur: keep, autoComplete: 'off' }
  if (long.has(name)) {
    return <Textarea {...field} autosize minRows={2} maxRows={12} onChange={(event) => setTyped(event.currentTarget.value)} />
  }
  const enter = (event: { key: string }) => (event.key === 'Enter' ? keep() : undefined)
  const known = namesFor(account, path, name)
  if (known.length > 0) {
    return <Autocomplete {...field} data={known} onChange={setTyped} onOptionSubmit={(chosen) => {
      set(meant(chosen, shape))
      setTyped(null)
    }} onKeyDown={enter} />
  }
  return <TextInput {...field} {...(secret.has(name) || path[0] === 'secrets' ? { type: 'password', autoComplete: 'new-password' } : {})} onKeyDown={enter}
    onChange={(event) => setTyped(event.currentTarget.value)} />
}

/** What somebody means who typed this: a number where one may stand, else the text. */
function meant(typed: string, shape: Shape): string | number {
  const kinds = [shape, ...(shape.anyOf ?? [])].flatMap(({ type }) => type ?? [])
  const number = /^-?\d+(\.\d+)?$/.test(typed) && String(Number(typed)) === typed
  return number && (kinds.includes('number') || kinds.includes('integer')) ? Number(typed) : typed
}

/** Names of the document that may stand here. */
export function namesFor(account: Account, path: Path, name: string): string[] {
  const above = path.at(-2)
  const named = (list: { name?: string }[] | undefined) => (Array.isArray(list) ? list.flatMap((one) => one?.name ?? []) : [])
  const names = (): unknown[] => {
    switch (name) {
      case 'plan':
      case 'after':
        return named(account.plans)
      case 'schedule':
        return named(account.schedules)
      case 'presence':
        return ['Ready', 'Away', 'Extended Away', 'Logged Out', 'No Answer', 'unchanged', ...named(account.presences)]
      case 'groups':
        return account.groups ?? []
      case 'agent':
        return account.agents?.flatMap((agent) => agent?.username ?? []) ?? []
      case 'gateway':
        return [...new Set([...Object.keys(account.gateways?.sms ?? {}), ...Object.keys(account.gateways?.email ?? {})])]
      case 'name':
        return path.at(-3) === 'skills' ? (account.skills ?? []) : []
      case 'next':
        return above === 'on' ? [] : appletNames(account, path)
      default:
        return []
    }
  }
  return [...new Set(names().filter((one): one is string => typeof one === 'string'))]
}

function appletNames(account: Account, path: Path): string[] {
  return path[0] === 'plans' ? Object.keys(account.plans?.[Number(path[1])]?.applets ?? {}) : []
}

function ListField({ path, name, shape, value, item, required = false, depth = 0 }: FieldProps & { item: Shape }) {
  const { manuscript } = useDraft()
  const account = useAccount()
  const set = useSet(path, depth)
  const items: unknown[] = Array.isArray(value) ? value : []
  const own = resolved(item)
  if (!own.properties && !own.oneOf) {
    const words = items.map(String)
    return (
      <TagsInput label={name} {...helpOf(shape)} withAsterisk={required} value={words} acceptValueOnBlur clearable
        data={[...wordsOf(item), ...namesFor(account, path, name)]} clearButtonProps={{ 'aria-label': text.field.clear(name) }}
        onChange={(next) => set(next.length > 0 ? next : undefined)} />
    )
  }
  return (
    <Fieldset legend={name}>
      <Stack gap="sm">
        {items.map((one, n) => (
          <Group key={n} align="flex-start" wrap="nowrap" gap="xs">
            <div className="field-grow">
              <MappingField path={[...path, n]} name={text.field.nth(name, n + 1)} shape={item} value={one} depth={path.length + 1} />
            </div>
            <RemoveButton label={text.field.remove(text.field.nth(name, n + 1))}
              onClick={() => manuscript.edit((tree) => (items.length === 1 ? takeOut(tree, path, depth) : tree.deleteIn([...path, n])))} />
          </Group>
        ))}
        <Button variant="default" size="compact-sm" onClick={() => manuscript.set([...path, items.length], {})}>{text.field.add(name)}</Button>
      </Stack>
    </Fieldset>
  )
}

function RemoveButton({ label, onClick }: { label: string; onClick: () => void }) {
  return <ActionIcon variant="default" aria-label={label} title={label} onClick={onClick}>×</ActionIcon>
}

/** A mapping whose members are known. */
function MappingField({ path, name, shape, value, depth = 0 }: FieldProps) {
  return (
    <Fieldset legend={name}>
      <Members path={path} shape={shape} value={value} depth={depth} />
    </Fieldset>
  )
}

/** Whether one field is enough for a value. */
function isWord(shape: Shape): boolean {
  const own = resolved(shape)
  const items = own.items && resolved(own.items)
  return !own.properties && own.type !== 'object' && !own.anyOf?.some((form) => form.type === 'object') && !items?.properties && !items?.oneOf
}

/** The fields of all members of a mapping. */
export function Members({ path, shape, value, depth = 0, leaveOut = [] }: Omit<FieldProps, 'name'> & { leaveOut?: string[] }) {
  const own = (typeof value === 'object' && value !== null ? value : {}) as Record<string, unknown>
  const required = resolved(shape).required ?? []
  // What has to be given comes first, what holds more fields last.
  const rank = ([key, member]: [string, Shape]) => (required.includes(key) ? 0 : isWord(member) ? 1 : 2)
  return (
    <Stack gap="sm">
      {Object.entries(membersOf(shape, own.type)).sort((a, b) => rank(a) - rank(b)).map(([key, member]) =>
        leaveOut.includes(key) ? null : (
          <Field key={key} path={[...path, key]} name={key} shape={member} value={own[key]} required={required.includes(key)} depth={depth} />
        ),
      )}
    </Stack>
  )
}

/** A mapping whose keys are chosen by whoever writes it. */
function EntriesField({ path, name, shape, value, depth = 0 }: FieldProps) {
  const { manuscript } = useDraft()
  const [fresh, setFresh] = useState('')
  const entries = Object.entries((typeof value === 'object' && value !== null ? value : {}) as Record<string, unknown>)
  const add = () => {
    if (!fresh) return
    const item = within(shape, fresh)
    manuscript.set([...path, fresh], item && (resolved(item).properties || resolved(item).oneOf) ? {} : '')
    setFresh('')
  }
  return (
    <Fieldset legend={name}>
      <Stack gap="sm">
        {shape.description ? <div className="field-help">{shape.description}</div> : null}
        {entries.map(([key, one]) => (
          <Group key={key} align="flex-end" wrap="nowrap" gap="xs">
            <div className="field-grow">
              <Field path={[...path, key]} name={key} shape={within(shape, key) ?? { type: 'string' }} value={one} depth={path.length + 1} />
            </div>
            <RemoveButton label={text.field.remove(key)} onClick={() => manuscript.edit((tree) => takeOut(tree, [...path, key], depth))} />
          </Group>
        ))}
        <Group align="flex-end" wrap="nowrap" gap="xs">
          <TextInput className="field-grow" label={text.field.newKey(name)} value={fresh} autoComplete="off"
            onChange={(event) => setFresh(event.currentTarget.value)} onKeyDown={(event) => (event.key === 'Enter' ? add() : undefined)} />
          <Button variant="default" onClick={add} disabled={!fresh}>{text.field.addKey}</Button>
        </Group>
      </Stack>
    </Fieldset>
  )
}
