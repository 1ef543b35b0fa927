import { createRoute, lazyRouteComponent } from '@tanstack/react-router'

import { only, shellRoute } from '../shell/route'

// The addresses of this room. Its pages load when one of them is visited.
export const reportRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: '/report',
  beforeLoad: only('supervisor'),
  component: lazyRouteComponent(() => import('./Report'), 'Report'),
})
