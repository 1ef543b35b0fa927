import { ActionIcon, Button, Kbd, Menu, Progress, Tooltip } from '@mantine/core'
import { useId, useState } from 'react'

import { inWords } from '../api/problem'
import { text } from '../text/en/contactpad'
import { type Deed, type Item, type Possible, useAct, type Work } from './desk'
import { Facts } from './Facts'
import { cardId } from './focus'
import { keyOf } from './keys'
import { Notes } from './Notes'
import { clockText, Since, useLeft } from './now'
import { Transfer } from './Transfer'
import { useTyped } from './typed'

/** What a piece of work is called. */
export function nameOf(work: Work): string {
  return work.name || work.clid || work.externalid || text.untitled
}

/** What an action is called; parking is the same action as holding. */
function labelOf({ action, to }: Possible, work: Work): string {
  if (action === 'hold' && work.interactiontype !== 'live') return text.actions.park
  if (action === 'transfer' && to) return to === 'agent' ? text.actions.toagent : text.actions.toroute
  return text.actions[action]
}

// The one that most want most stands out: the first of these that is possible.
const foremost: Possible['action'][] = ['accept', 'retrieve', 'release', 'complete']

/** One piece of work of the agent. Parked work is small until one wants to see more. */
export function Card({ item, dispositions, fail }: {
  item: Item
  dispositions: readonly string[]
  fail: (name: string, why: string) => void
}) {
  const work = item.interaction
  const name = nameOf(work)
  const title = useId()
  const act = useAct(work.id)
  const typed = useTyped(work)
  const [asked, setAsked] = useState(false)
  const [busy, setBusy] = useState(false)
  const [transferring, setTransferring] = useState(false)

  const may = item.actions.filter(({ code }) => !code)
  const first = foremost.find((action) => may.some((one) => one.action === action))
  const transfers = may.filter(({ action }) => action === 'transfer')
  const parked = work.state === 'parked'

  const attempt = async (deed: Deed) => {
    setBusy(true)
    try {
      await typed.flush()
      const { disposition, notes } = typed.text
      const closes = deed.action === 'release' || deed.action === 'complete'
      await act.mutateAsync({ ...(closes && disposition ? { disposition } : {}), ...(closes && notes ? { notes } : {}), ...deed })
    } finally {
      setBusy(false)
    }
  }
  const choose = (one: Possible) => {
    if (busy) return
    if (one.disposition && !typed.text.disposition) {
      setAsked(true)
      document.querySelector<HTMLElement>(`#${cardId(work.id)} [data-disposition]`)?.focus()
      return
    }
    if (one.action === 'transfer') return setTransferring(true)
    attempt({ action: one.action }).catch((error: unknown) => fail(name, inWords(error)))
  }

  const buttons = item.actions.filter(
    (one, n) => one.action !== 'note' && (!one.code || one.code === 'no_room') &&
      (one.action !== 'transfer' || one === transfers[0]) && item.actions.indexOf(one) === n,
  )
  const facts = <Facts work={work} />
  const notes = may.some(({ action }) => action === 'note') ? (
    <Notes name={name} typed={typed} dispositions={dispositions} asked={asked} />
  ) : null
  return (
    <article className="pad-card" data-state={work.state} id={cardId(work.id)} data-card={work.id} tabIndex={-1} aria-labelledby={title}>
      <header className="pad-head">
        <h3 id={title}>{name}</h3>
        <State work={work} />
        <CardMenu item={item} name={name} />
      </header>
      <Countdown work={work} />
      {parked ? (
        <details className="pad-more">
          <summary>{text.route + ': ' + work.route}</summary>
          {facts}
          {notes}
        </details>
      ) : (
        <>
          {facts}
          {notes}
        </>
      )}
      <div className="pad-steps">
        {buttons.map((one) => (
          <Step key={one.action} one={one} label={one.action === 'transfer' ? text.actions.transfer : labelOf(one, work)} name={name}
            first={one.action === first} busy={busy} choose={() => choose(one)} />
        ))}
      </div>
      <Transfer work={work} name={name} kinds={transfers.map(({ to }) => to)} opened={transferring}
        close={() => setTransferring(false)} give={(target) => attempt({ action: 'transfer', ...target })} />
    </article>
  )
}

/** A button. One that is not possible now stays in the order of the keyboard and says why. */
function Step({ one, label, name, first, busy, choose }: {
  one: Possible
  label: string
  name: string
  first: boolean
  busy: boolean
  choose: () => void
}) {
  const key = keyOf[one.action]
  const impossible = Boolean(one.code)
  const button = (
    <Button size="sm" variant={first && !impossible ? 'filled' : 'default'} aria-label={text.of(label, name)} aria-disabled={busy || impossible || undefined}
      {...(impossible ? { 'data-disabled': true } : {})} data-action={one.action} data-key={key} aria-keyshortcuts={key}
      rightSection={key ? <Kbd size="xs" className="pad-key" aria-hidden>{key.toUpperCase()}</Kbd> : undefined}
      onClick={() => (impossible ? undefined : choose())}>
      {label}
    </Button>
  )
  const help = impossible ? text.noRoom : one.action === 'extend' ? text.actions.extendHelp : ''
  return help ? (
    <Tooltip label={help} events={{ hover: true, focus: true, touch: true }} multiline maw={280}>
      {button}
    </Tooltip>
  ) : button
}

/** The state and its timer. */
function State({ work }: { work: Work }) {
  return (
    <p className="pad-state">
      <span className="pad-dot" aria-hidden />
      <span>{text.states[work.state as keyof typeof text.states]}</span>
      {work.since && work.state !== 'offered' && work.state !== 'wrap' ? <Since at={work.since} /> : null}
    </p>
  )
}

/** How long an offer rings, or wrap-up may take. */
function Countdown({ work }: { work: Work }) {
  const left = useLeft(work.until)
  if ((work.state !== 'offered' && work.state !== 'wrap') || left === undefined || !work.until || !work.since) return null
  const whole = Date.parse(work.until) - Date.parse(work.since)
  const time = clockText(left)
  return (
    <div className="pad-left" data-short={left <= 5000 || undefined}>
      <Progress value={(left / whole) * 100} size="sm" aria-hidden />
      <span className="pad-clock">{work.state === 'offered' ? text.ring(time) : text.wrapLeft(time)}</span>
    </div>
  )
}

/** What else there is to a card, and what its provider does not permit: said on hover and focus too. */
function CardMenu({ item, name }: { item: Item; name: string }) {
  const work = item.interaction
  const [copied, setCopied] = useState(false)
  const refused = work.state === 'wrap' ? [] : item.actions.filter(({ code }) => code === 'not_permitted')
  const why = refused.length > 0 ? (
    <>
      {refused.map((one) => (
        <span className="pad-why" key={one.action + (one.to ?? '')}>
          {labelOf(one, work)}: {one.detail}
        </span>
      ))}
    </>
  ) : ''
  return (
    <Menu position="bottom-end" width={300} withinPortal={false} onClose={() => setCopied(false)}>
      <Tooltip label={why} disabled={!why} events={{ hover: true, focus: true, touch: false }} multiline maw={320} position="bottom-end" withinPortal={false}>
        <span>
          <Menu.Target>
            <ActionIcon variant="subtle" color="gray" c="inherit" size="lg" aria-label={text.menu(name)} data-key="m" aria-keyshortcuts="m">
              <span aria-hidden className="pad-dots" data-refused={refused.length > 0 || undefined}>⋯</span>
            </ActionIcon>
          </Menu.Target>
        </span>
      </Tooltip>
      <Menu.Dropdown>
        {refused.length > 0 ? <Menu.Label>{text.notPermitted}</Menu.Label> : null}
        {refused.map((one) => (
          <Menu.Item key={one.action + (one.to ?? '')} aria-disabled closeMenuOnClick={false}>
            {labelOf(one, work)}
            <span className="pad-why pad-sentence">{one.detail}</span>
          </Menu.Item>
        ))}
        {refused.length > 0 ? <Menu.Divider /> : null}
        <Menu.Item closeMenuOnClick={false} onClick={() => void navigator.clipboard?.writeText(work.id).then(() => setCopied(true))}>
          {copied ? text.copied : text.copyId}
          <span className="pad-why">{work.id}</span>
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  )
}
