import { useNavigate, useSearch } from '@tanstack/react-router'
import { useEffect, useState } from 'react'

const keyKept = 'switchyard.wallboard.key'

/** Whether the page is for a big screen on the wall, and how to switch. */
export function useScreen(): { big: boolean; toggle: () => void; key: boolean; setKey: (on: boolean) => void } {
  const { screen } = useSearch({ from: '/shell/wallboard' })
  const navigate = useNavigate()
  const big = screen === 'big'
  const [key, keep] = useState(() => localStorage.getItem(keyKept) !== 'off')
  const toggle = () =>
    void navigate({ to: '.', search: (now) => ({ ...now, screen: big ? undefined : 'big' }), replace: true })

  useEffect(() => {
    if (!big) return
    document.documentElement.dataset.screen = 'big'
    return () => {
      delete document.documentElement.dataset.screen
    }
  }, [big])
  useEffect(() => {
    if (!key) return
    const press = (event: KeyboardEvent) => {
      const typing = event.target instanceof Element && event.target.closest('input, textarea, select, [contenteditable], [role=dialog], [role=menu]')
      if (event.key.toLowerCase() !== 'f' || event.ctrlKey || event.metaKey || event.altKey || typing) return
      event.preventDefault()
      toggle()
    }
    window.addEventListener('keydown', press)
    return () => window.removeEventListener('keydown', press)
  })
  const setKey = (on: boolean) => {
    localStorage.setItem(keyKept, on ? 'on' : 'off')
    keep(on)
  }
  return { big, toggle, key, setKey }
}
