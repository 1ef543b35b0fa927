import './shell/style'

import { MantineProvider } from '@mantine/core'
import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { createRouter, RouterProvider } from '@tanstack/react-router'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'

import { adminRoute } from './admin/route'
import { onSessionEnd } from './api/client'
import { passes } from './api/problem'
import { contactpadRoute } from './contactpad/route'
import { reportRoute } from './report/route'
import { Failure } from './shell/Failure'
import { nonce } from './shell/nonce'
import { homeRoute, rootRoute, shellRoute, signInRoute } from './shell/route'
import { Loading } from './shell/Shell'
import { cssVariables, theme } from './shell/theme'
import { wallboardRoute } from './wallboard/route'

const renewedKey = 'switchyard.renewed'

const queries = new QueryClient({
  defaultOptions: {
    queries: {
      retry: (failures, error) => failures < 3 && passes(error),
      refetchOnWindowFocus: false,
      staleTime: 5_000,
    },
  },
})

const router = createRouter({
  routeTree: rootRoute.addChildren([
    signInRoute,
    shellRoute.addChildren([homeRoute, contactpadRoute, wallboardRoute, reportRoute, adminRoute]),
  ]),
  context: { queries },
  defaultErrorComponent: Failure,
  defaultPendingComponent: Loading,
  defaultPendingMs: 300,
  scrollRestoration: true,
})

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router
  }
}

onSessionEnd(() => {
  if (router.state.location.pathname === '/sign-in') return
  const here = router.state.location.href
  // The page that shows the user goes before what is known of the user.
  void router.navigate({ to: '/sign-in', search: { to: here, ended: true } }).then(() => queries.clear())
})

// A server that was updated no longer has the parts of rooms that this page has not loaded yet. The
// page begins anew, once: when that does not help, something else is wrong and is shown.
window.addEventListener('vite:preloadError', (event) => {
  const before = Number(sessionStorage.getItem(renewedKey) ?? 0)
  if (Date.now() - before < 60_000) return
  event.preventDefault()
  sessionStorage.setItem(renewedKey, String(Date.now()))
  window.location.reload()
})

createRoot(document.getElementById('root')!).render(
  <StrictMode>
    <MantineProvider theme={theme} cssVariablesResolver={cssVariables} defaultColorScheme="auto" getStyleNonce={() => nonce}>
      <QueryClientProvider client={queries}>
        <RouterProvider router={router} />
      </QueryClientProvider>
    </MantineProvider>
  </StrictMode>,
)
