import { Link, Outlet } from '@tanstack/react-router'
import { Suspense } from 'react'

import { Loading } from '../shell/Shell'
import { text } from '../text/en/admin'
import './admin.css'

const pages = [
  { to: '/admin', name: text.pages.config, exact: true },
] as const

/** The room of admins: what the account is, and who may change it. */
export function Admin() {
  return (
    <div className="admin">
      <nav className="admin-nav" aria-label={text.pages.label}>
        {pages.map(({ to, name, exact }) => (
          <Link key={to} to={to} activeOptions={{ exact }}>
            {name}
          </Link>
        ))}
      </nav>
      <div className="admin-page">
        <Suspense fallback={<Loading />}>
          <Outlet />
        </Suspense>
      </div>
    </div>
  )
}
