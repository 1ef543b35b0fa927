import './pad.css'

import { Alert, Button, Switch, Tooltip, VisuallyHidden } from '@mantine/core'
import { useLocalStorage } from '@mantine/hooks'
import { useEffect, useMemo, useRef, useState } from 'react'

import { inWords } from '../api/problem'
import { useSession } from '../session/session'
import { text } from '../text/en/contactpad'
import { useNotify, useSound } from './bell'
import { Card, nameOf } from './Card'
import { type Item, useChoosePresence, useDesk } from './desk'
import { useKeepFocus } from './focus'
import { History } from './History'
import { Keyboard } from './Keyboard'
import { useKeys } from './keys'
import { clockText, DeskClock } from './now'
import { PresenceBar } from './PresenceBar'

/** The agent's desktop: its presence and its work. */
export function ContactPad() {
  const { username } = useSession()
  const { desk, readAt } = useDesk(username)
  const choose = useChoosePresence(username)
  const [failure, setFailure] = useState<{ title: string; why: string } | null>(null)
  const [helped, setHelped] = useState(false)
  const [keys, setKeys] = useLocalStorage({ key: 'switchyard.keys', defaultValue: true, getInitialValueInEffect: false })
  const heading = useRef<HTMLHeadingElement>(null)

  // The newest stands first, so that an offer is at the top.
  const items = useMemo(() => [...desk.interactions].reverse(), [desk.interactions])
  const at = items.filter(({ interaction }) => interaction.state !== 'parked')
  const parked = items.filter(({ interaction }) => interaction.state === 'parked')
  const offers = useMemo(() => items.filter(({ interaction }) => interaction.state === 'offered'), [items])

  useKeepFocus([...at, ...parked].map(({ interaction }) => interaction.id), heading)
  useKeys(keys, () => setHelped(true))
  useEffect(() => {
    document.title = text.tab(offers.length)
    return () => void (document.title = 'Switchyard')
  }, [offers.length])

  const cards = (list: readonly Item[]) =>
    list.map((item) => (
      <Card key={item.interaction.id} item={item} dispositions={desk.dispositions}
        fail={(name, why) => setFailure({ title: text.refused(name), why })} />
    ))
  return (
    <DeskClock desk={desk} readAt={readAt}>
      <div className="pad">
        <h1 className="pad-title">{text.title}</h1>
        <PresenceBar desk={desk} choosing={choose.isPending ? choose.variables : undefined}
          choose={(presence) => choose.mutate(presence, { onError: (error) => setFailure({ title: text.refusedPresence, why: inWords(error) }) })} />
        {failure ? (
          <Alert color="red" role="alert" title={failure.title} withCloseButton closeButtonLabel={text.dismiss} onClose={() => setFailure(null)}>
            {failure.why}
          </Alert>
        ) : null}
        <Announcer offers={offers} at={Date.parse(desk.at)} />
        <div className="pad-columns">
          <section aria-labelledby="pad-work">
            <div className="pad-row">
              <h2 id="pad-work" ref={heading} tabIndex={-1}>
                {text.work}
              </h2>
              <Signals offers={offers} />
              <Button variant="default" size="compact-sm" aria-keyshortcuts="?" onClick={() => setHelped(true)}>
                {text.keys.open}
              </Button>
            </div>
            {at.length > 0 ? <div className="pad-cards">{cards(at)}</div> : (
              <div className="pad-empty">
                <p>{text.none}</p>
                <p>{desk.agent.category === 'Ready' ? text.noneReady : text.noneAway}</p>
              </div>
            )}
          </section>
          <div className="pad-side">
            <section aria-labelledby="pad-parked">
              <h2 id="pad-parked">{text.parked}</h2>
              {parked.length > 0 ? <div className="pad-parked">{cards(parked)}</div> : <p className="pad-quiet">{text.noneParked}</p>}
            </section>
            <History username={username} />
          </div>
        </div>
        <Keyboard opened={helped} close={() => setHelped(false)} on={keys} setOn={setKeys} />
      </div>
    </DeskClock>
  )
}

/** Says aloud what is offered, once each. */
function Announcer({ offers, at }: { offers: readonly Item[]; at: number }) {
  const said = useRef(new Set<string>())
  const [words, setWords] = useState('')
  useEffect(() => {
    const key = ({ interaction }: Item) => `${interaction.id} ${interaction.since}`
    const fresh = offers.filter((offer) => !said.current.has(key(offer)))
    said.current = new Set(offers.map(key))
    if (fresh.length > 0) {
      setWords(fresh.map(({ interaction }) =>
        text.offered(nameOf(interaction), interaction.route, clockText(Date.parse(interaction.until ?? '') - at))).join(' '))
    } else if (offers.length === 0) {
      setWords('')
    }
  }, [offers, at])
  return (
    <VisuallyHidden role="alert" data-announcer>
      {words}
    </VisuallyHidden>
  )
}

/** How an offer makes itself known beside the card. */
function Signals({ offers }: { offers: readonly Item[] }) {
  const sound = useSound(offers.length > 0)
  const notify = useNotify(offers)
  const help = !notify.has ? text.notify.missing : notify.denied ? text.notify.denied : text.notify.on
  return (
    <div className="pad-signals">
      <Tooltip label={sound.ready ? text.sound.on : text.sound.blocked} events={{ hover: true, focus: true, touch: true }} refProp="rootRef">
        <Switch size="sm" label={text.sound.label} checked={sound.on} onChange={(event) => sound.setOn(event.currentTarget.checked)} />
      </Tooltip>
      <Tooltip label={help} events={{ hover: true, focus: true, touch: true }} multiline maw={280} refProp="rootRef">
        <Switch size="sm" label={text.notify.label} checked={notify.on} disabled={!notify.has || notify.denied}
          onChange={(event) => void notify.choose(event.currentTarget.checked)} />
      </Tooltip>
    </div>
  )
}
