import 'uplot/dist/uPlot.min.css'
import './report.css'

import { useComputedColorScheme } from '@mantine/core'
import { useElementSize } from '@mantine/hooks'
import { useEffect, useId, useRef } from 'react'
import uPlot from 'uplot'

import { tick } from './format'

/** One thing a chart shows. Its colour is a variable of report.css, its stroke tells it apart without colour. */
export interface Series {
  label: string
  color: 'one' | 'two' | 'three' | 'four'
  values: (number | null)[]
}

export interface ChartData {
  /** The intervals, in milliseconds. */
  starts: number[]
  ends: number[]
  series: Series[]
}

export interface ChartProps {
  title: string
  /** What the chart shows, in a sentence, for who does not see it. */
  summary: string
  kind: 'bars' | 'lines'
  /** Kept as long as it stays the same: a chart of other data is drawn anew. */
  data: ChartData
  format: (value: number) => string
  /** What the values count, which says where lines across the chart may be. */
  unit: keyof typeof steps
  /** The upper end of the axis; what the values need when left out. */
  top?: number | undefined
}

// The distances that lines across a chart may have: whole things, times people speak of, tenths.
const steps = {
  number: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 2e4, 5e4, 1e5, 2e5, 5e5, 1e6, 1e7],
  time: [1, 5, 10, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 14400, 28800, 43200, 86400, 172800, 864000, 8640000],
  share: [0.1, 0.2, 0.25, 0.5],
}

const dashes = { one: [], two: [8, 4], three: [3, 3], four: [12, 3, 3, 3] }

/** A chart over time. The table beneath has the same figures, in words. */
export function Chart(props: ChartProps) {
  const { title, summary, kind, data, format, unit, top } = props
  const id = useId()
  const scheme = useComputedColorScheme('light', { getInitialValueInEffect: false })
  const { ref, width } = useElementSize()
  const place = useRef<HTMLDivElement>(null)
  useEffect(() => {
    if (!place.current || width === 0) return
    const options = optionsOf({ kind, data, format, unit, top }, width, place.current)
    const plot = new uPlot(options, dataOf(kind, data), place.current)
    return () => plot.destroy()
  }, [kind, data, format, unit, top, width, scheme])
  return (
    <figure className="report-chart" aria-labelledby={id}>
      <figcaption>
        <span className="report-chart-title" id={id}>{title}</span>
        <ul className="report-legend">
          {data.series.map((one) => (
            <li key={one.label}>
              <svg width="20" height="10" aria-hidden="true">
                {kind === 'bars' ? (
                  <rect className={`report-fill-${one.color}`} x="4" width="12" height="10" />
                ) : (
                  <line className={`report-line-${one.color}`} x1="0" x2="20" y1="5" y2="5" strokeDasharray={dashes[one.color].join(' ')} />
                )}
              </svg>
              {one.label}
            </li>
          ))}
        </ul>
      </figcaption>
      <div ref={ref} role="img" aria-label={summary}>
        <div ref={place} />
      </div>
    </figure>
  )
}

// Bars stand beside each other from where their interval begins; points of lines in its middle.
function dataOf(kind: ChartProps['kind'], { starts, ends, series }: ChartData): uPlot.AlignedData {
  const xs = starts.map((start, n) => (kind === 'bars' ? start : (start + ends[n]!) / 2) / 1000)
  return [xs, ...series.map((one) => one.values)] as uPlot.AlignedData
}

function optionsOf({ kind, data, format, unit, top }: Omit<ChartProps, 'title' | 'summary'>, width: number, place: Element): uPlot.Options {
  const { starts, ends, series } = data
  const style = getComputedStyle(place)
  const color = (name: string) => style.getPropertyValue(`--report-${name}`).trim()
  const axis = { stroke: color('text'), grid: { stroke: color('grid'), width: 1 }, ticks: { stroke: color('grid'), width: 1 } }
  const range: [number, number] = [starts[0]! / 1000, ends.at(-1)! / 1000]
  return {
    width,
    height: 220,
    legend: { show: false },
    cursor: { show: false },
    scales: {
      x: { time: true, range: () => range },
      y: { range: (_, __, max) => [0, top ?? Math.max(max * 1.08, 1)] },
    },
    axes: [
      { ...axis, size: 34, space: 64, values: (_, splits) => splits.map((at) => tick(at * 1000)) },
      { ...axis, size: 62, incrs: steps[unit], values: (_, splits) => splits.map((v) => format(v)) },
    ],
    series: [
      {},
      ...series.map((one, n): uPlot.Series => (kind === 'bars' ? {
        label: one.label, width: 0, fill: color(one.color), points: { show: false },
        paths: barsOf(starts, ends, n, series.length),
      } : {
        label: one.label, width: 2, stroke: color(one.color), dash: dashes[one.color], spanGaps: false,
        points: { show: true, size: 6, stroke: color(one.color), fill: color(one.color) },
      })),
    ],
  }
}

/** Bars of one of several series: their part of the interval they are about. */
function barsOf(starts: number[], ends: number[], n: number, of: number): uPlot.Series.PathBuilder {
  const room = starts.map((start, i) => (ends[i]! - start) / 1000)
  const size = (Math.min(...room) * 0.8) / of
  return uPlot.paths.bars!({
    disp: {
      x0: { unit: 1, values: () => starts.map((start, i) => start / 1000 + room[i]! * 0.1 + n * size) },
      size: { unit: 1, values: () => starts.map(() => size) },
    },
  })
}
