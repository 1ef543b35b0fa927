import { createRoute, lazyRouteComponent } from '@tanstack/react-router'

import { only, shellRoute } from '../shell/route'

// The addresses of this room. Its pages load when one of them is visited.
export const adminRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: '/admin',
  beforeLoad: only('admin'),
  component: lazyRouteComponent(() => import('./Admin'), 'Admin'),
})
