import { useElementSize } from '@mantine/hooks'

import { clockSpan } from '../live/span'
import { text } from '../text/en/interaction'
import type { Span } from './timeline'

const laneHeight = 28
const barHeight = 18
const axisHeight = 22
const nameWidth = 96

/** The states of an interaction over time, a lane for its plan, its queues and each of its agents. */
export function Strip({ spans, now }: { spans: readonly Span[]; now: number }) {
  const { ref, width } = useElementSize<HTMLDivElement>()
  const first = spans[0]
  if (!first) return null
  const end = Math.max(spans.at(-1)!.to ?? now, first.from + 1000)
  const lanes = [...new Set(spans.map(laneOf))]
  const room = Math.max(0, width - nameWidth - 8)
  const x = (at: number) => nameWidth + ((at - first.from) / (end - first.from)) * room
  const height = lanes.length * laneHeight + axisHeight
  return (
    <div ref={ref} className="life-strip">
      {width > 0 ? (
        <svg width={width} height={height} role="img" aria-label={text.strip(spans.length, clockSpan((end - first.from) / 1000))}>
          {lanes.map((lane, n) => (
            <g key={lane}>
              <text className="life-lane" x={0} y={n * laneHeight + 17}>
                {lane.length > 13 ? `${lane.slice(0, 12)}…` : lane}
              </text>
              <line className="life-rule" x1={nameWidth} x2={width} y1={(n + 1) * laneHeight - 2} y2={(n + 1) * laneHeight - 2} />
            </g>
          ))}
          {ticksOf(first.from, end, room).map((tick) => (
            <g key={tick}>
              <line className="life-rule" x1={x(first.from + tick)} x2={x(first.from + tick)} y1={0} y2={height - axisHeight} />
              {width - x(first.from + tick) > 40 ? (
                <text className="life-tick" x={x(first.from + tick)} y={height - 6}>
                  {clockSpan(tick / 1000)}
                </text>
              ) : null}
            </g>
          ))}
          {spans.map((span, n) => (
            <rect key={n} className="life-bar" data-state={span.state} x={x(span.from)} y={lanes.indexOf(laneOf(span)) * laneHeight + 4}
              width={Math.max(2, x(span.to ?? end) - x(span.from))} height={barHeight} rx={2}>
              <title>{`${text.states[span.state]} ${span.agent} ${clockSpan(((span.to ?? end) - span.from) / 1000)}`}</title>
            </rect>
          ))}
        </svg>
      ) : null}
    </div>
  )
}

function laneOf(span: Span): string {
  if (span.agent) return span.agent
  return span.state === 'planned' ? text.lanePlan : text.laneQueue
}

const steps = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 28_800, 86_400, 604_800]

/** Round lengths of time since the beginning, as many as there is room for. */
function ticksOf(from: number, to: number, room: number): number[] {
  const length = (to - from) / 1000
  const most = Math.max(1, Math.floor(room / 90))
  const step = steps.find((seconds) => length / seconds <= most) ?? Math.ceil(length / most)
  const ticks: number[] = []
  for (let at = 0; at <= length; at += step) ticks.push(at * 1000)
  return ticks
}
