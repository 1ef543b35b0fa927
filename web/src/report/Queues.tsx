import { Stack } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useMemo } from 'react'

import { text } from '../text/en/report'
import { Answer } from './Answer'
import { Chart, type ChartData } from './Chart'
import type { Choice } from './choice'
import { type Column, Figures } from './Figures'
import { begins, count, duration, share } from './format'
import { type QueueRow, queueIntervals, queueTotals } from './query'

/** Queues: all of them, or one by interval. */
export function Queues({ choice }: { choice: Required<Choice> }) {
  const intervals = useQuery(queueIntervals(choice))
  const totals = useQuery(queueTotals(choice))
  const rows = intervals.data?.items
  return (
    <Stack>
      <Answer query={intervals} empty={!rows?.length}>
        {rows?.length ? <Charts rows={rows} /> : null}
      </Answer>
      <Answer query={totals} empty={false}>
        {totals.data?.items.length ? (
          <Figures caption={text.caption.queues} columns={[queue, ...figures]} rows={totals.data.items} rowKey={(row) => row.queue ?? ''} />
        ) : null}
      </Answer>
      {rows?.length && choice.name && choice.interval ? (
        <Figures caption={text.caption.intervals(choice.name)} columns={[startOf(choice), ...figures]} rows={rows} rowKey={(row) => row.start} />
      ) : null}
    </Stack>
  )
}

const queue: Column<QueueRow> = { head: text.queue, cell: (row) => row.queue, words: true }

function startOf(choice: Required<Choice>): Column<QueueRow> {
  return { head: text.start, cell: (row) => begins(row.start, choice.interval), words: true }
}

const figures: Column<QueueRow>[] = [
  { head: text.offered, cell: (row) => count(row.offered) },
  { head: text.answered, cell: (row) => count(row.answered) },
  { head: text.abandoned, cell: (row) => count(row.abandoned) },
  { head: text.breakouts, cell: (row) => count(row.breakouts) },
  { head: text.serviceLevel, cell: (row) => share(row.servicelevel) },
  { head: text.serviceLevelAll, cell: (row) => share(row.servicelevelall) },
  { head: text.meanWait, cell: (row) => duration(row.wait?.mean) },
  { head: text.wait(50), cell: (row) => duration(row.wait?.p50) },
  { head: text.wait(90), cell: (row) => duration(row.wait?.p90) },
  { head: text.wait(95), cell: (row) => duration(row.wait?.p95) },
  { head: text.longestWait, cell: (row) => duration(row.wait?.max) },
  { head: text.handled, cell: (row) => count(row.handled) },
  { head: text.meanHandle, cell: (row) => duration(row.handle?.mean) },
  { head: text.meanWrap, cell: (row) => duration(row.wrap?.mean) },
]

function Charts({ rows }: { rows: QueueRow[] }) {
  const charts = useMemo(() => chartsOf(rows), [rows])
  const summary = (title: string) => text.chart.summary(title, rows.length)
  return (
    <div className="report-charts">
      <Chart kind="bars" title={text.chart.volume} summary={summary(text.chart.volume)} data={charts.volume} format={count} unit="number" />
      <Chart kind="lines" title={text.chart.level} summary={summary(text.chart.level)} data={charts.level} format={share} unit="share" top={1} />
      <Chart kind="lines" title={text.chart.wait} summary={summary(text.chart.wait)} data={charts.wait} format={duration} unit="time" />
    </div>
  )
}

function chartsOf(rows: QueueRow[]): Record<'volume' | 'level' | 'wait', ChartData> {
  const span = { starts: rows.map((row) => Date.parse(row.start)), ends: rows.map((row) => Date.parse(row.end)) }
  return {
    volume: { ...span, series: [
      { label: text.offered, color: 'one', values: rows.map((row) => row.offered) },
      { label: text.answered, color: 'two', values: rows.map((row) => row.answered) },
      { label: text.abandoned, color: 'three', values: rows.map((row) => row.abandoned) },
    ] },
    level: { ...span, series: [
      { label: text.serviceLevel, color: 'one', values: rows.map((row) => row.servicelevel ?? null) },
      { label: text.serviceLevelAll, color: 'two', values: rows.map((row) => row.servicelevelall ?? null) },
    ] },
    wait: { ...span, series: [
      { label: text.percentile(50), color: 'one', values: rows.map((row) => row.wait?.p50 ?? null) },
      { label: text.percentile(90), color: 'two', values: rows.map((row) => row.wait?.p90 ?? null) },
      { label: text.percentile(95), color: 'three', values: rows.map((row) => row.wait?.p95 ?? null) },
    ] },
  }
}
