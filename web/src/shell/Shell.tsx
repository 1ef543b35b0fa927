import { Loader } from '@mantine/core'
import { Link, Outlet } from '@tanstack/react-router'
import { Suspense } from 'react'

import { FeedProvider } from '../live/feed'
import { useSession } from '../session/session'
import { text } from '../text/en'
import icon from './icon.svg'
import { LostConnection } from './LostConnection'
import { roomsOf } from './room'
import { UserMenu } from './UserMenu'

/** The frame around all rooms: where one may go, who one is, and whether what one sees is alive. */
export function Shell() {
  const rooms = roomsOf(useSession())
  return (
    <FeedProvider>
      <div className="shell">
        <a className="shell-skip" href="#content">
          {text.shell.skip}
        </a>
        <LostConnection />
        <header className="shell-head">
          <Link className="shell-brand" to="/" aria-label={text.product}>
            <img src={icon} alt="" width="28" height="28" />
            <span>{text.product}</span>
          </Link>
          <nav className="shell-nav" aria-label={text.shell.rooms}>
            {rooms.map((room) => (
              <Link key={room.to} to={room.to}>
                {room.name}
              </Link>
            ))}
          </nav>
          <div className="shell-who">
            <UserMenu />
          </div>
        </header>
        <main className="shell-main" id="content" tabIndex={-1}>
          <Suspense fallback={<Loading />}>
            <Outlet />
          </Suspense>
        </main>
      </div>
    </FeedProvider>
  )
}

export function Loading() {
  return <Loader m="xl" role="status" aria-label={text.shell.loading} />
}
