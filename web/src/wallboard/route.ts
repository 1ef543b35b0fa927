import { createRoute, lazyRouteComponent } from '@tanstack/react-router'

import { only, shellRoute } from '../shell/route'

interface WallboardSearch {
  /** The queue that is looked into: plan/applet. */
  queue?: string | undefined
  /** big: for a screen on the wall. */
  screen?: 'big' | undefined
}

// The addresses of this room. Its pages load when one of them is visited.
const room = createRoute({
  getParentRoute: () => shellRoute,
  path: '/wallboard',
  beforeLoad: only('supervisor'),
  validateSearch: (search: Record<string, unknown>): WallboardSearch => ({
    ...(typeof search.queue === 'string' && search.queue !== '' ? { queue: search.queue } : {}),
    ...(search.screen === 'big' ? { screen: 'big' as const } : {}),
  }),
})

const board = createRoute({
  getParentRoute: () => room,
  path: '/',
  component: lazyRouteComponent(() => import('./Wallboard'), 'Wallboard'),
})

const interaction = createRoute({
  getParentRoute: () => room,
  path: '/interactions/$id',
  component: lazyRouteComponent(() => import('./InteractionPage'), 'InteractionPage'),
})

export const wallboardRoute = room.addChildren([board, interaction])
