import { Kbd, Modal, Switch } from '@mantine/core'

import { text } from '../text/en/contactpad'
import { keyOf } from './keys'

const say = text.keys

/** Tells the shortcuts, and turns them off and on. */
export function Keyboard({ opened, close, on, setOn }: { opened: boolean; close: () => void; on: boolean; setOn: (on: boolean) => void }) {
  const { accept, decline, hold, retrieve, transfer, release, complete, extend } = keyOf
  const card: [string | undefined, string][] = [
    [accept, text.actions.accept], [decline, text.actions.decline], [hold, `${text.actions.hold} / ${text.actions.park}`],
    [retrieve, text.actions.retrieve], [transfer, text.actions.transfer], [release, text.actions.release],
    [complete, text.actions.complete], [extend, text.actions.extendHelp], ['n', say.notes], ['m', say.menu],
  ]
  const page: [string, string][] = [['j', say.next], ['k', say.previous], ['?', say.help]]
  return (
    <Modal opened={opened} onClose={close} title={say.title}>
      <Switch label={say.on} checked={on} onChange={(event) => setOn(event.currentTarget.checked)} />
      {([[say.page, page], [say.card, card]] as const).map(([title, keys]) => (
        <section key={title}>
          <h3 className="pad-keys-title">{title}</h3>
          <dl className="pad-keys">
            {keys.map(([key, what]) => (
              <div key={what}>
                <dt>
                  <Kbd>{key?.toUpperCase()}</Kbd>
                </dt>
                <dd>{what}</dd>
              </div>
            ))}
          </dl>
        </section>
      ))}
    </Modal>
  )
}
