import type { QueryClient } from '@tanstack/react-query'
import { createRootRouteWithContext, createRoute, notFound, redirect } from '@tanstack/react-router'

import { type Role, has, sessionQuery } from '../session/session'
import { SignIn } from '../session/SignIn'
import { roomsOf } from './room'
import { NotFound } from './Failure'
import { Shell } from './Shell'

/** What every route is given. */
export interface RouterContext {
  queries: QueryClient
}

export const rootRoute = createRootRouteWithContext<RouterContext>()({ notFoundComponent: NotFound })

/** Where somebody who is not signed in gets, and from there back to where they were. */
export const signInRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/sign-in',
  validateSearch: (search: Record<string, unknown>): { to?: string; ended?: boolean } => ({
    // Only paths of this app: an address of another host must not be where a sign-in leads.
    ...(typeof search.to === 'string' && /^\/[^/\\]/.test(search.to) ? { to: search.to } : {}),
    ...(search.ended === true ? { ended: true } : {}),
  }),
  component: SignIn,
})

/** The frame of all rooms, for whoever is signed in. */
export const shellRoute = createRoute({
  getParentRoute: () => rootRoute,
  id: 'shell',
  beforeLoad: async ({ context, location }) => {
    const session = await context.queries.ensureQueryData(sessionQuery)
    if (!session) {
      throw redirect({ to: '/sign-in', search: location.pathname === '/' ? {} : { to: location.href } })
    }
    return { session }
  },
  component: Shell,
})

/** The first page is the first room that is for the user. */
export const homeRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: '/',
  beforeLoad: ({ context }) => {
    const room = roomsOf(context.session)[0]
    if (!room) throw notFound()
    throw redirect({ to: room.to, replace: true })
  },
})

/** Lets only users with a role into a room: its route's beforeLoad. */
export function only(role: Role) {
  return ({ context }: { context: { session: Parameters<typeof has>[0] } }) => {
    if (!has(context.session, role)) throw notFound()
  }
}
