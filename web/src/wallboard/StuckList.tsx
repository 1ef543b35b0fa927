import { Button, Text } from '@mantine/core'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'

import type { Schema } from '../api/client'
import { text } from '../text/en/wallboard'
import { ActDialog } from './ActDialog'
import { Age } from './Age'
import { Rows } from './Rows'
import { nameOf } from './WaitingTable'

/** Work that somebody has to look at, as the server says. */
export function StuckList({ stuck }: { stuck: Schema['StuckList'] }) {
  const [acting, setActing] = useState<Schema['Interaction'] | null>(null)
  return (
    <>
      <Rows items={stuck.items} keyOf={(one) => one.interaction.id + one.why} columns={4} rem={3.25} label={text.stuck} className="wall-stuck"
        head={
          <>
            <th scope="col">{text.name}</th>
            <th scope="col" className="wall-right">{text.since}</th>
            <th scope="col">{text.sentence}</th>
            <th scope="col" className="wall-only-mouse">{text.act}</th>
          </>
        }
        row={({ interaction, why, since, text: sentence }) => (
          <>
            <th scope="row">
              <Link className="wall-link" to="/wallboard/interactions/$id" params={{ id: interaction.id }} search={(now) => now}>
                {nameOf(interaction)}
              </Link>
            </th>
            <td className="wall-right">
              <Age since={since} />
            </td>
            <td title={sentence}>
              <span className="wall-two">
                <strong>{text.why[why]}.</strong> {sentence}
              </span>
            </td>
            <td className="wall-only-mouse">
              <Button size="compact-sm" variant="default" onClick={() => setActing(interaction)} aria-label={text.actOn(nameOf(interaction))}>
                {text.act}
              </Button>
            </td>
          </>
        )} />
      {stuck.more ? <Text size="sm">{text.stuckMore}</Text> : null}
      {acting ? <ActDialog work={acting} onClose={() => setActing(null)} /> : null}
    </>
  )
}
