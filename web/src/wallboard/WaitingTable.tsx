import { Button, Text, TextInput } from '@mantine/core'
import { Link } from '@tanstack/react-router'
import { memo, useDeferredValue, useMemo, useState } from 'react'

import { text } from '../text/en/wallboard'
import { ActDialog } from './ActDialog'
import { Age } from './Age'
import { mostListed, type Waiting } from './board'
import { Rows } from './Rows'

/** What people call an interaction. */
export function nameOf(work: Pick<Waiting, 'name' | 'externalid'>): string {
  return work.name || work.externalid || text.untitled
}

/** What waits in a queue, longest first. */
export function WaitingTable({ queue, work, waiting }: { queue: string; work: readonly Waiting[]; waiting: number }) {
  const [find, setFind] = useState('')
  const wanted = useDeferredValue(find.trim().toLowerCase())
  const [acting, setActing] = useState<Waiting | null>(null)
  const shown = useMemo(() => (wanted ? work.filter((one) => hay(one).includes(wanted)) : work), [work, wanted])
  if (work.length === 0) return <Text>{text.noWork}</Text>
  return (
    <>
      <div className="wall-bar">
        <Text size="sm">
          {work.length >= mostListed ? text.shownOf(work.length, waiting) : text.found(shown.length, work.length)}
        </Text>
        <TextInput className="wall-find" size="xs" aria-label={`${text.find}: ${text.findWork}`} placeholder={text.findWork} value={find}
          onChange={(event) => setFind(event.currentTarget.value)} />
      </div>
      <Rows items={shown} keyOf={(one) => one.id} columns={6} label={text.work(queue)} className="wall-work"
        head={
          <>
            <th scope="col">{text.name}</th>
            <th scope="col" className="wall-right">{text.wait}</th>
            <th scope="col">{text.band}</th>
            <th scope="col">{text.skills}</th>
            <th scope="col">{text.route}</th>
            <th scope="col" className="wall-only-mouse">{text.act}</th>
          </>
        }
        row={(one) => <Row work={one} act={setActing} />} />
      {acting ? <ActDialog work={acting} onClose={() => setActing(null)} /> : null}
    </>
  )
}

function hay(work: Waiting): string {
  return `${work.name}\n${work.externalid}\n${work.skills.map((skill) => skill.name).join('\n')}`.toLowerCase()
}

const Row = memo(function Row({ work, act }: { work: Waiting; act: (work: Waiting) => void }) {
  return (
    <>
      <th scope="row">
        <Link className="wall-link" to="/wallboard/interactions/$id" params={{ id: work.id }} search={(now) => now}>
          {nameOf(work)}
        </Link>
        {work.unserveable ? <span className="wall-warn"> {text.unserveable}</span> : null}
      </th>
      <td className="wall-right">
        <Age since={work.waitingsince ?? work.created} />
      </td>
      <td>{text.bands[work.band]}</td>
      <td>{work.skills.map((skill) => skill.name).join(', ')}</td>
      <td>{work.route}</td>
      <td className="wall-only-mouse">
        <Button size="compact-sm" variant="default" onClick={() => act(work)} aria-label={text.actOn(nameOf(work))}>
          {text.act}
        </Button>
      </td>
    </>
  )
})
