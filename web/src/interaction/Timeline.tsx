import './interaction.css'

import { Alert, Skeleton, Text } from '@mantine/core'
import { useMemo } from 'react'

import { inWords } from '../api/problem'
import { useSecond } from '../live/second'
import { clockSpan, momentText } from '../live/span'
import { text } from '../text/en/interaction'
import { Strip } from './Strip'
import { type Moment, spansOf, useTimeline } from './timeline'

/** An interaction's life: drawn, as a table of its steps, and event by event. */
export function Timeline({ id }: { id: string }) {
  const { data, error } = useTimeline(id)
  const spans = useMemo(() => spansOf(data?.items ?? []), [data])
  const second = useSecond()
  if (error) return <Alert color="red" role="alert">{inWords(error)}</Alert>
  if (!data) return <Skeleton h={120} />
  const now = second * 1000
  return (
    <>
      <Strip spans={spans} now={now} />
      <div className="life-scroll" role="region" aria-label={text.steps} tabIndex={0}>
        <table className="life-table">
          <caption>{text.steps}</caption>
          <thead>
            <tr>
              <th scope="col">{text.stepState}</th>
              <th scope="col">{text.stepAgent}</th>
              <th scope="col">{text.stepFrom}</th>
              <th scope="col">{text.stepLasted}</th>
            </tr>
          </thead>
          <tbody>
            {spans.map((span, n) => (
              <tr key={n}>
                <th scope="row">
                  <span className="life-key" data-state={span.state} /> {text.states[span.state]}
                </th>
                <td>{span.agent}</td>
                <td>{momentText(span.from)}</td>
                <td className="life-number">
                  {clockSpan(((span.to ?? now) - span.from) / 1000)}
                  {span.to === undefined ? ` (${text.still})` : null}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <Events moments={data.items} more={data.next !== undefined} />
    </>
  )
}

function Events({ moments, more }: { moments: readonly Moment[]; more: boolean }) {
  return (
    <div className="life-scroll life-events" role="region" aria-label={text.events} tabIndex={0}>
      <table className="life-table">
        <caption>{text.events}</caption>
        <thead>
          <tr>
            <th scope="col">{text.at}</th>
            <th scope="col">{text.what}</th>
            <th scope="col">{text.by}</th>
          </tr>
        </thead>
        <tbody>
          {moments.map((moment, n) => (
            <tr key={n}>
              <td className="life-number">{momentText(moment.at)}</td>
              <td title={moment.type}>{text.happened(moment.type, moment.agent ?? '', moment.data)}</td>
              <td>{moment.by ? text.asked(moment.by) : ''}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {more ? <Text size="sm">{text.eventsMore}</Text> : null}
    </div>
  )
}
