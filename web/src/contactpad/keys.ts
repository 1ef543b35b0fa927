import { useEffect } from 'react'

import type { Possible } from './desk'

/** The key of each action, for the card that has the focus. */
export const keyOf: Partial<Record<Possible['action'], string>> = {
  accept: 'a', decline: 'd', hold: 'h', retrieve: 'g', transfer: 't', release: 'r', complete: 'c', extend: 'e',
}

/**
 * Lets single keys do what the buttons of the focused card do, move between cards, and call help. They
 * are for when nobody types and no dialog is open, and can be turned off (WCAG 2.1.4).
 */
export function useKeys(on: boolean, help: () => void): void {
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      const at = event.target as HTMLElement
      if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return
      if (at.closest('input, textarea, select, [contenteditable], [role="menu"], [role="dialog"]')) return
      if (document.querySelector('[role="dialog"]')) return
      if (!on) return
      if (event.key === '?') help()
      else if (!perform(event.key.toLowerCase(), at.closest<HTMLElement>('[data-card]'))) return
      event.preventDefault()
    }
    document.addEventListener('keydown', press)
    return () => document.removeEventListener('keydown', press)
  }, [on, help])
}

/** Does what a key is for; false when it is for nothing. */
function perform(key: string, card: HTMLElement | null): boolean {
  if (key === 'j' || key === 'k') return move(card, key === 'j' ? 1 : -1)
  if (!/^[a-z]$/.test(key)) return false
  const target = card?.querySelector<HTMLElement>(`[data-key="${key}"]`)
  if (!target) return false
  target.closest('details')?.setAttribute('open', '')
  target.focus()
  if (!(target instanceof HTMLTextAreaElement)) target.click()
  return true
}

function move(card: HTMLElement | null, by: number): boolean {
  const all = [...document.querySelectorAll<HTMLElement>('[data-card]')]
  if (all.length === 0) return false
  const at = card ? all.indexOf(card) + by : by > 0 ? 0 : all.length - 1
  all[Math.min(all.length - 1, Math.max(0, at))]!.focus()
  return true
}
