import { useVirtualizer } from '@tanstack/react-virtual'
import { type ReactNode, useRef } from 'react'

interface Props<T> {
  items: readonly T[]
  keyOf: (item: T) => string
  /** The heading cells: th elements. */
  head: ReactNode
  /** How many columns the head has. */
  columns: number
  label: string
  row: (item: T) => ReactNode
  /** How high a row is, in rem. */
  rem?: number
  className?: string
}

/**
 * A table of any length, of which only the rows in sight are there. It stays a table to whoever cannot
 * see it: the rows say which of how many they are.
 */
export function Rows<T>({ items, keyOf, head, columns, label, row, rem = 2.75, className = '' }: Props<T>) {
  const frame = useRef<HTMLDivElement>(null)
  const height = rem * rootSize()
  const window = useVirtualizer({
    count: items.length,
    getScrollElement: () => frame.current,
    estimateSize: () => height,
    getItemKey: (n) => keyOf(items[n]!),
    overscan: 6,
    // What is announced as it happens is not worth a layout in the midst of a render.
    useFlushSync: false,
  })
  const seen = window.getVirtualItems()
  const before = seen[0]?.start ?? 0
  const after = window.getTotalSize() - (seen.at(-1)?.end ?? 0)
  return (
    <div className="wall-scroll wall-rows" ref={frame} role="region" aria-label={label} tabIndex={0}>
      <table className={`wall-table ${className}`} aria-rowcount={items.length + 1}>
        <thead>
          <tr aria-rowindex={1}>{head}</tr>
        </thead>
        <tbody>
          <Gap height={before} columns={columns} />
          {seen.map((one) => {
            const item = items[one.index]!
            return (
              <tr key={one.key} aria-rowindex={one.index + 2} style={{ height }}>
                {row(item)}
              </tr>
            )
          })}
          <Gap height={after} columns={columns} />
        </tbody>
      </table>
    </div>
  )
}

function Gap({ height, columns }: { height: number; columns: number }) {
  if (height <= 0) return null
  return (
    <tr aria-hidden="true">
      <td colSpan={columns} style={{ height, padding: 0, border: 0 }} />
    </tr>
  )
}

/** How many pixels a rem is, which the big screen changes. */
function rootSize(): number {
  return parseFloat(getComputedStyle(document.documentElement).fontSize)
}
