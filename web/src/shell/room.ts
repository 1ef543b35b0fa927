import type { Session } from '../session/session'
import { has } from '../session/session'
import { text } from '../text/en'

/** The rooms of the app, in the order of the navigation. */
const rooms = [
  { to: '/contactpad', name: text.shell.contactpad, role: 'agent' },
  { to: '/wallboard', name: text.shell.wallboard, role: 'supervisor' },
  { to: '/reports', name: text.shell.reports, role: 'supervisor' },
  { to: '/admin', name: text.shell.admin, role: 'admin' },
] as const

export type Room = (typeof rooms)[number]

/** The rooms that are for the user. The server decides what a user may; this is what it is shown. */
export function roomsOf(session: Session): readonly Room[] {
  return rooms.filter((room) => has(session, room.role))
}
