import 'uplot/dist/uPlot.min.css'

import { useComputedColorScheme } from '@mantine/core'
import { useEffect, useMemo, useRef } from 'react'
import uPlot from 'uplot'

import { momentText } from '../live/span'
import { text } from '../text/en/wallboard'
import { useHistory } from './board'
import { percent } from './QueueTable'

interface Now {
  at: string
  waiting: number
  servicelevel: number | undefined
}

const inks = {
  light: { line: '#1864ab', level: '#9c36b5', axis: '#495057', grid: '#dee2e6' },
  dark: { line: '#74c0fc', level: '#e599f7', axis: '#c9c9c9', grid: '#424242' },
}

/** What a queue, or all of them together, was like in the last hours, up to this moment. */
export function Chart({ queue, now }: { queue: string | undefined; now: Now }) {
  const { data } = useHistory(queue)
  const scheme = useComputedColorScheme('light', { getInitialValueInEffect: false })
  const frame = useRef<HTMLDivElement>(null)
  const plot = useRef<uPlot | null>(null)
  const points = useMemo(() => together(data?.queues ?? []), [data])
  const series = useMemo<uPlot.AlignedData>(() => {
    // An hour at least is drawn, so that what has just begun does not look like all there ever was.
    const moment = Date.parse(now.at) / 1000
    const begin = Math.min(points.at[0] ?? moment, moment - 3600)
    const at = [begin, ...points.at, moment]
    const waiting = [null, ...points.waiting, now.waiting]
    if (!queue) return [at, waiting]
    return [at, waiting, [null, ...points.level, now.servicelevel === undefined ? null : now.servicelevel * 100]]
  }, [points, now, queue])

  const latest = useRef(series)
  useEffect(() => {
    latest.current = series
  })
  useEffect(() => {
    const element = frame.current!
    const made = new uPlot(optionsOf(element.clientWidth, queue !== undefined, inks[scheme]), latest.current, element)
    plot.current = made
    const watch = new ResizeObserver(() => made.setSize({ width: element.clientWidth, height }))
    watch.observe(element)
    return () => {
      watch.disconnect()
      made.destroy()
      plot.current = null
    }
  }, [scheme, queue])
  useEffect(() => {
    plot.current?.setData(series)
  }, [series])

  return (
    <figure className="wall-chart">
      <div ref={frame} role="img" aria-label={spoken(series, queue !== undefined, now)} />
      <figcaption className="wall-small">{caption(data?.since)}</figcaption>
    </figure>
  )
}

const height = 200

function optionsOf(width: number, level: boolean, ink: (typeof inks)['light']): uPlot.Options {
  const axis = { stroke: ink.axis, grid: { stroke: ink.grid, width: 1 }, ticks: { stroke: ink.grid, width: 1 } }
  return {
    width,
    height,
    scales: { waiting: { range: (_, __, most) => [0, Math.max(5, most * 1.1)] }, level: { range: [0, 100] } },
    axes: [
      axis,
      { ...axis, scale: 'waiting', values: (_, ticks) => ticks.map((tick) => (Number.isInteger(tick) ? String(tick) : '')) },
      ...(level ? [{ ...axis, scale: 'level', side: 1 as const, grid: { show: false }, values: (_: uPlot, ticks: number[]) => ticks.map((tick) => `${tick} %`), size: 60 }] : []),
    ],
    series: [
      {},
      { label: text.chartWaiting, scale: 'waiting', stroke: ink.line, width: 2, fill: ink.line + '22' },
      ...(level ? [{ label: text.chartLevel, scale: 'level', stroke: ink.level, width: 2, dash: [6, 4] }] : []),
    ],
    cursor: { drag: { x: false, y: false } },
    legend: { live: true },
  }
}

/** Adds up what waited in several queues; a service level is that of one queue. */
function together(queues: readonly { points: readonly { at: string; waiting: number; servicelevel?: number | undefined }[] }[]) {
  const byMoment = new Map<number, { waiting: number; level: number | null }>()
  for (const { points } of queues) {
    for (const point of points) {
      const at = Math.floor(Date.parse(point.at) / 1000)
      const level = queues.length === 1 && point.servicelevel !== undefined ? point.servicelevel * 100 : null
      byMoment.set(at, { waiting: (byMoment.get(at)?.waiting ?? 0) + point.waiting, level })
    }
  }
  const moments = [...byMoment].sort(([a], [b]) => a - b)
  return {
    at: moments.map(([at]) => at),
    waiting: moments.map(([, { waiting }]) => waiting),
    level: moments.map(([, { level }]) => level),
  }
}

function spoken(series: uPlot.AlignedData, level: boolean, now: Now): string {
  const waiting = (series[1] as (number | null)[]).map((n) => n ?? 0)
  const most = Math.max(...waiting)
  const at = (series[0] as number[])[waiting.indexOf(most)]!
  const says = text.chartSays(now.waiting, most, momentText(at * 1000))
  return level ? `${says} ${text.chartLevelSays(percent(now.servicelevel))}` : says
}

function caption(since: string | undefined): string {
  if (since === undefined) return text.chartNone
  const hours = (Date.now() - Date.parse(since)) / 3_600_000
  return hours > 3.9 ? text.chartHours : text.chartSince(momentText(since))
}
