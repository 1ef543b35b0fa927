import { Table, Tooltip } from '@mantine/core'
import { Link } from '@tanstack/react-router'

import { clockSpan } from '../live/span'
import { text } from '../text/en/wallboard'
import { Age } from './Age'
import type { Queue } from './board'

/** The figures of every queue, and the way into each. */
export function QueueTable({ queues, at, chosen }: { queues: readonly Queue[]; at: string; chosen: string | undefined }) {
  return (
    <div className="wall-scroll" role="region" aria-label={text.queues} tabIndex={0}>
      <Table className="wall-queues" verticalSpacing="xs">
        <Table.Thead>
          <Table.Tr>
            <Table.Th scope="col">{text.queue}</Table.Th>
            <Head label={text.waiting} meaning={text.meaning.waiting} />
            <Head label={text.longest} meaning={text.meaning.longest} />
            <Head label={text.serviceLevel} meaning={text.meaning.serviceLevel} />
            <Head label={text.serviceLevelAll} meaning={text.meaning.serviceLevelAll} />
            <Head label={text.answered} meaning={text.meaning.answered} />
            <Head label={text.abandoned} meaning={text.meaning.abandoned} />
            <Head label={text.breakouts} meaning={text.meaning.breakouts} />
            <Head label={text.estimate} meaning={text.meaning.estimate} />
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {queues.map((queue) => (
            <Row key={queue.queue} queue={queue} at={at} chosen={queue.queue === chosen} />
          ))}
        </Table.Tbody>
      </Table>
    </div>
  )
}

function Head({ label, meaning }: { label: string; meaning: string }) {
  return (
    <Table.Th scope="col" className="wall-right">
      <Tooltip label={meaning} multiline maw={280} events={{ hover: true, focus: true, touch: true }}>
        <button type="button" className="wall-meaning">
          {label}
        </button>
      </Tooltip>
    </Table.Th>
  )
}

function Row({ queue, at, chosen }: { queue: Queue; at: string; chosen: boolean }) {
  return (
    <Table.Tr {...(chosen ? { 'data-chosen': true } : {})}>
      <Table.Th scope="row">
        <Link to="/wallboard" search={(now) => ({ ...now, queue: queue.queue })} aria-current={chosen ? 'true' : undefined}
          className="wall-link" activeOptions={{ exact: true }} aria-label={text.select(queue.queue)}>
          {queue.queue}
        </Link>
      </Table.Th>
      <Table.Td className="wall-right wall-waiting">{queue.waiting.toLocaleString()}</Table.Td>
      <Table.Td className="wall-right">
        {queue.waiting > 0 ? <Age since={Date.parse(at) - queue.longestwait * 1000} /> : text.unknown}
      </Table.Td>
      <Table.Td className="wall-right">
        {percent(queue.servicelevel)} <span className="wall-small">{text.target(queue.target)}</span>
      </Table.Td>
      <Table.Td className="wall-right">{percent(queue.servicelevelall)}</Table.Td>
      <Table.Td className="wall-right">{queue.answered.toLocaleString()}</Table.Td>
      <Table.Td className="wall-right">{queue.abandoned.toLocaleString()}</Table.Td>
      <Table.Td className="wall-right">{queue.breakouts.toLocaleString()}</Table.Td>
      <Table.Td className="wall-right">
        <Estimate queue={queue} />
      </Table.Td>
    </Table.Tr>
  )
}

function Estimate({ queue }: { queue: Queue }) {
  if (queue.estimatedwait === undefined) return <>{text.unknown}</>
  return (
    <>
      <span className="wall-number">{clockSpan(queue.estimatedwait)}</span>{' '}
      <span className="wall-small">
        {queue.estimatederror === undefined ? text.errorUnknown : text.error(clockSpan(queue.estimatederror))}
      </span>
    </>
  )
}

/** A share of one as people read it. */
export function percent(share: number | undefined): string {
  return share === undefined ? text.unknown : `${Math.round(share * 100)} %`
}
