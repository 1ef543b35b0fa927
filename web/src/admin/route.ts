import { createRoute, lazyRouteComponent } from '@tanstack/react-router'

import { only, shellRoute } from '../shell/route'

/** The views of a draft. */
export const draftViews = ['plans', 'agents', 'routes', 'more', 'yaml', 'changes'] as const

export type DraftView = (typeof draftViews)[number]

interface DraftSearch {
  view?: DraftView
  plan?: string
  applet?: string
}

// The addresses of this room. Its pages load when one of them is visited.
const room = createRoute({
  getParentRoute: () => shellRoute,
  path: '/admin',
  beforeLoad: only('admin'),
  component: lazyRouteComponent(() => import('./Admin'), 'Admin'),
})

const drafts = createRoute({
  getParentRoute: () => room,
  path: '/',
  validateSearch: (search: Record<string, unknown>): { published?: number } =>
    typeof search.published === 'number' ? { published: search.published } : {},
  component: lazyRouteComponent(() => import('./Drafts'), 'Drafts'),
})

export const draftRoute = createRoute({
  getParentRoute: () => room,
  path: '/drafts/$draft',
  validateSearch: (search: Record<string, unknown>): DraftSearch => ({
    ...(draftViews.includes(search.view as DraftView) ? { view: search.view as DraftView } : {}),
    ...(typeof search.plan === 'string' ? { plan: search.plan } : {}),
    ...(typeof search.applet === 'string' ? { applet: search.applet } : {}),
  }),
  component: lazyRouteComponent(() => import('./draft/DraftPage'), 'DraftPage'),
})

export const adminRoute = room.addChildren([drafts, draftRoute])
