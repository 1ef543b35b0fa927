import { useLocalStorage } from '@mantine/hooks'
import { useEffect, useRef, useState } from 'react'

import { text } from '../text/en/contactpad'
import { nameOf } from './Card'
import type { Item } from './desk'

// Browsers play nothing before the first click or key; what is made then may play from then on.
let context: AudioContext | undefined

function useGesture(): boolean {
  const [made, setMade] = useState(context !== undefined)
  useEffect(() => {
    if (made) return
    const make = () => {
      context ??= new AudioContext()
      void context.resume()
      setMade(true)
    }
    const events = ['pointerdown', 'keydown'] as const
    events.forEach((event) => document.addEventListener(event, make, { once: true }))
    return () => events.forEach((event) => document.removeEventListener(event, make))
  }, [made])
  return made
}

/** Two soft tones, one after the other. */
function chime(): void {
  if (!context) return
  const at = context.currentTime
  for (const [n, hertz] of [660, 880].entries()) {
    const tone = context.createOscillator()
    const loudness = context.createGain()
    const begin = at + n * 0.18
    tone.frequency.value = hertz
    loudness.gain.setValueAtTime(0, begin)
    loudness.gain.linearRampToValueAtTime(0.15, begin + 0.02)
    loudness.gain.exponentialRampToValueAtTime(0.001, begin + 0.4)
    tone.connect(loudness).connect(context.destination)
    tone.start(begin)
    tone.stop(begin + 0.45)
  }
}

const everyMillis = 2500

/** Plays a sound while something rings, unless the agent turned it off. */
export function useSound(rings: boolean) {
  const [on, setOn] = useLocalStorage({ key: 'switchyard.sound', defaultValue: true, getInitialValueInEffect: false })
  const ready = useGesture()
  useEffect(() => {
    if (!rings || !on || !ready) return
    chime()
    const timer = setInterval(chime, everyMillis)
    return () => clearInterval(timer)
  }, [rings, on, ready])
  return { on, setOn, ready }
}

/** Notifications: whether there are any here, whether the browser allows them, whether the agent wants them. */
export function useNotify(offers: readonly Item[]) {
  const has = 'Notification' in window
  const [on, setOn] = useLocalStorage({ key: 'switchyard.notify', defaultValue: false, getInitialValueInEffect: false })
  const [permission, setPermission] = useState(has ? Notification.permission : 'denied')
  const shown = useRef(new Map<string, Notification | undefined>())
  const wanted = on && permission === 'granted'

  useEffect(() => {
    const ringing = new Set(offers.map(({ interaction }) => interaction.id))
    for (const [id, notification] of shown.current) {
      if (ringing.has(id)) continue
      notification?.close()
      shown.current.delete(id)
    }
    for (const { interaction } of offers) {
      if (shown.current.has(interaction.id)) continue
      shown.current.set(interaction.id, wanted && document.hidden ? notify(interaction.id, nameOf(interaction), interaction.route) : undefined)
    }
  }, [offers, wanted])

  const choose = async (want: boolean) => {
    const granted = want ? await Notification.requestPermission() : permission
    setPermission(granted)
    setOn(want && granted === 'granted')
  }
  return { has, on: wanted, denied: permission === 'denied', choose }
}

function notify(id: string, name: string, body: string): Notification | undefined {
  try {
    // Two pages of one agent tell of the same offer once.
    const notification = new Notification(text.notify.title(name), { body, tag: id, requireInteraction: true })
    notification.onclick = () => {
      window.focus()
      notification.close()
    }
    return notification
  } catch {
    return undefined // phones have notifications of installed apps only
  }
}
