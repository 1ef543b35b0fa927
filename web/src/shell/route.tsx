import type { QueryClient } from '@tanstack/react-query'
import { createRootRouteWithContext, createRoute, notFound, redirect } from '@tanstack/react-router'

import { type Role, has, sessionQuery } from '../session/session'
import { SignIn } from '../session/SignIn'
import { text } from '../text/en'
import { roomsOf } from './room'
import { NotFound } from './Failure'
import { Shell } from './Shell'

/** What every route is given. */
export interface RouterContext {
  queries: QueryClient
}

export const rootRoute = createRootRouteWithContext<RouterContext>()({ notFoundComponent: NotFound })

/** Why a sign-in elsewhere failed; the server names it in the address. */
export type SignInProblem = keyof typeof text.session.problem

interface SignInSearch {
  to?: string
  ended?: boolean
  problem?: SignInProblem
  reference?: string
}

/** Where somebody who is not signed in gets, and from there back to where they were. */
export const signInRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/sign-in',
  validateSearch: (search: Record<string, unknown>): SignInSearch => ({
    // Only paths of this app: an address of another host must not be where a sign-in leads.
    ...(typeof search.to === 'string' && /^\/[^/\\]/.test(search.to) ? { to: search.to } : {}),
    ...(search.ended === true ? { ended: true } : {}),
    ...(typeof search.problem === 'string' && search.problem in text.session.problem
      ? { problem: search.problem as SignInProblem } : {}),
    ...(typeof search.reference === 'string' && /^[0-9a-f-]{36}$/.test(search.reference) ? { reference: search.reference } : {}),
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
