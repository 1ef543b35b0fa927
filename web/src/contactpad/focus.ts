import { type RefObject, useEffect, useLayoutEffect, useRef } from 'react'

/** The id of a card's element. */
export function cardId(interaction: string): string {
  return `card-${interaction}`
}

/**
 * Keeps the focus where the agent works: buttons vanish when a card changes its state, and cards move
 * or vanish. What had the focus in a card that is still there gives it to the card, and a card that went
 * gives it to the one in its place, or to the heading.
 */
export function useKeepFocus(ids: readonly string[], heading: RefObject<HTMLElement | null>): void {
  const last = useRef<{ id: string; place: number } | null>(null)
  const order = useRef(ids)

  useLayoutEffect(() => {
    order.current = ids
    const was = last.current
    if (!was || (document.activeElement && document.activeElement !== document.body)) return
    const next = ids.includes(was.id) ? was.id : ids[Math.min(was.place, ids.length - 1)]
    const target = next ? document.getElementById(cardId(next)) : heading.current
    target?.focus({ preventScroll: true })
  })

  useEffect(() => {
    const noteFocus = (event: FocusEvent) => {
      const id = (event.target as HTMLElement).closest<HTMLElement>('[data-card]')?.dataset.card
      // In a dialog of a card the agent is still with that card.
      if (!id && (event.target as HTMLElement).closest('[role="dialog"]')) return
      last.current = id ? { id, place: Math.max(0, order.current.indexOf(id)) } : null
    }
    const notePointer = (event: PointerEvent) => {
      if (!(event.target as HTMLElement).closest('[data-card], [role="dialog"]')) last.current = null
    }
    document.addEventListener('focusin', noteFocus)
    document.addEventListener('pointerdown', notePointer)
    return () => {
      document.removeEventListener('focusin', noteFocus)
      document.removeEventListener('pointerdown', notePointer)
    }
  }, [])
}
