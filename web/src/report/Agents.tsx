import { Stack } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useMemo } from 'react'

import { text } from '../text/en/report'
import { Answer } from './Answer'
import { Chart, type ChartData } from './Chart'
import type { Choice } from './choice'
import { type Column, Figures } from './Figures'
import { begins, count, duration, share } from './format'
import { type AgentRow, agentIntervals, agentTotals } from './query'

/** Agents: all of them, or one by interval. */
export function Agents({ choice }: { choice: Required<Choice> }) {
  const intervals = useQuery(agentIntervals(choice))
  const totals = useQuery(agentTotals(choice))
  const rows = choice.name ? intervals.data?.items : undefined
  return (
    <Stack>
      {choice.name ? (
        <Answer query={intervals} empty={!rows?.length}>
          {rows?.length ? <Charts rows={rows} /> : null}
        </Answer>
      ) : null}
      <Answer query={totals} empty={!choice.name && !totals.data?.items.length}>
        {totals.data?.items.length ? (
          <Figures caption={text.caption.agents} columns={[agent, ...figures]} rows={totals.data.items} rowKey={(row) => row.agent} />
        ) : null}
      </Answer>
      {rows?.length && choice.interval ? (
        <Figures caption={text.caption.intervals(choice.name)} columns={[startOf(choice), ...figures]} rows={rows} rowKey={(row) => row.start} />
      ) : null}
    </Stack>
  )
}

const agent: Column<AgentRow> = { head: text.agent, cell: (row) => row.agent, words: true }

function startOf(choice: Required<Choice>): Column<AgentRow> {
  return { head: text.start, cell: (row) => begins(row.start, choice.interval), words: true }
}

const figures: Column<AgentRow>[] = [
  { head: text.offers, cell: (row) => count(row.offers) },
  { head: text.connected, cell: (row) => count(row.connected) },
  { head: text.declined, cell: (row) => count(row.declined) },
  { head: text.noAnswer, cell: (row) => count(row.noanswer) },
  { head: text.handled, cell: (row) => count(row.handled) },
  { head: text.meanHandle, cell: (row) => duration(row.handle?.mean) },
  { head: text.meanWrap, cell: (row) => duration(row.wrap?.mean) },
  { head: text.loggedIn, cell: (row) => duration(row.loggedin) },
  { head: text.ready, cell: (row) => duration(row.ready) },
  { head: text.away, cell: (row) => duration(row.away) },
  { head: text.extendedAway, cell: (row) => duration(row.extendedaway) },
  { head: text.busy, cell: (row) => duration(row.busy) },
  { head: text.occupancy, cell: (row) => share(row.occupancy) },
]

function Charts({ rows }: { rows: AgentRow[] }) {
  const charts = useMemo(() => chartsOf(rows), [rows])
  const summary = (title: string) => text.chart.summary(title, rows.length)
  return (
    <div className="report-charts">
      <Chart kind="bars" title={text.chart.time} summary={summary(text.chart.time)} data={charts.time} format={duration} unit="time" />
      <Chart kind="lines" title={text.chart.occupancy} summary={summary(text.chart.occupancy)} data={charts.occupancy} format={share} unit="share" top={1} />
    </div>
  )
}

function chartsOf(rows: AgentRow[]): Record<'time' | 'occupancy', ChartData> {
  const span = { starts: rows.map((row) => Date.parse(row.start)), ends: rows.map((row) => Date.parse(row.end)) }
  return {
    time: { ...span, series: [
      { label: text.ready, color: 'two', values: rows.map((row) => row.ready) },
      { label: text.away, color: 'three', values: rows.map((row) => row.away) },
      { label: text.extendedAway, color: 'four', values: rows.map((row) => row.extendedaway) },
      { label: text.busy, color: 'one', values: rows.map((row) => row.busy) },
    ] },
    occupancy: { ...span, series: [
      { label: text.occupancy, color: 'one', values: rows.map((row) => row.occupancy ?? null) },
    ] },
  }
}
