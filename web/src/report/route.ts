import { createRoute, lazyRouteComponent } from '@tanstack/react-router'

import { only, shellRoute } from '../shell/route'
import { chosenOf } from './choice'

// The address says what is asked for, so that a report can be kept as a bookmark or sent to somebody.
export const reportRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: '/reports',
  validateSearch: chosenOf,
  beforeLoad: only('supervisor'),
  component: lazyRouteComponent(() => import('./Reports'), 'Reports'),
})
