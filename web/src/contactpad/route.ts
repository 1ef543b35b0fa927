import { createRoute, lazyRouteComponent } from '@tanstack/react-router'

import { only, shellRoute } from '../shell/route'

// The addresses of this room. Its pages load when one of them is visited.
export const contactpadRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: '/contactpad',
  beforeLoad: only('agent'),
  component: lazyRouteComponent(() => import('./ContactPad'), 'ContactPad'),
})
