import { useEffect, useRef, useState } from 'react'

import { inWords, passes } from '../api/problem'
import { useKeepTyped, type Work } from './desk'

/** What stands in the form of a piece of work. */
export interface Text {
  disposition: string
  notes: string
}

/** Whether the server has what stands in the form; why not, when it did not take it. */
export type Standing = { is: 'same' | 'typing' | 'saving' | 'saved' } | { is: 'failed'; why: string }

export interface Typed {
  text: Text
  standing: Standing
  type: (change: Partial<Text>) => void
  /** Has the server keep what it has not yet. */
  flush: () => Promise<void>
}

const pauseMillis = 500
const retryMillis = 3000

/**
 * The form of a piece of work. What is typed goes to the server whenever typing pauses, and before the
 * form goes away. What another page of the same agent typed comes in while nobody types here.
 */
export function useTyped({ id, disposition = '', notes = '' }: Work): Typed {
  const keep = useKeepTyped(id)
  const [text, setText] = useState<Text>({ disposition, notes })
  const [standing, setStanding] = useState<Standing>({ is: 'same' })
  // What the calls under way need is not what was rendered last.
  const now = useRef({ text, dirty: false, saving: undefined as Promise<void> | undefined, timer: 0 })

  useEffect(() => {
    const form = now.current
    if (form.dirty || form.saving) return
    form.text = { disposition, notes }
    setText(form.text)
  }, [disposition, notes])

  const save = async (): Promise<void> => {
    const form = now.current
    clearTimeout(form.timer)
    while (form.saving) await form.saving.catch(() => undefined)
    if (!form.dirty) return
    form.dirty = false
    setStanding({ is: 'saving' })
    form.saving = keep(form.text)
    try {
      await form.saving
      form.saving = undefined
      if (!form.dirty) setStanding({ is: 'saved' })
    } catch (error) {
      form.saving = undefined
      form.dirty = true
      setStanding({ is: 'failed', why: inWords(error) })
      if (passes(error)) form.timer = window.setTimeout(later, retryMillis)
      throw error
    }
  }
  const latest = useRef(save)
  useEffect(() => {
    latest.current = save
  })
  const later = () => void latest.current().catch(() => undefined) // the form says what failed

  useEffect(() => {
    const form = now.current
    const leave = () => void latest.current().catch(() => undefined)
    const hide = () => document.hidden && leave()
    document.addEventListener('visibilitychange', hide)
    window.addEventListener('pagehide', leave)
    return () => {
      document.removeEventListener('visibilitychange', hide)
      window.removeEventListener('pagehide', leave)
      leave()
      form.dirty = false
      clearTimeout(form.timer)
    }
  }, [])

  return {
    text,
    standing,
    type: (change) => {
      const form = now.current
      form.text = { ...form.text, ...change }
      form.dirty = true
      setText(form.text)
      setStanding({ is: 'typing' })
      clearTimeout(form.timer)
      form.timer = window.setTimeout(later, pauseMillis)
    },
    flush: () => save(),
  }
}
