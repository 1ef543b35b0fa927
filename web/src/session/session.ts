import { queryOptions, useQueryClient, useSuspenseQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'

import { api, ask, type Schema, keepToken } from '../api/client'
import { passes, Refusal } from '../api/problem'

export type Session = Schema['Session']
export type Role = 'agent' | 'supervisor' | 'admin'

/** Who is signed in; null when nobody is. */
export const sessionQuery = queryOptions({
  queryKey: ['session'],
  queryFn: async (): Promise<Session | null> => {
    try {
      const session = await ask(api.GET('/v1/session'))
      keepToken(session.csrf)
      return session
    } catch (error) {
      if (error instanceof Refusal && error.status === 401) return null
      throw error
    }
  },
  staleTime: Infinity,
  retry: (_, error) => passes(error),
  retryDelay: (attempt) => Math.min(500 * 2 ** attempt, 3000),
})

/** The signed-in user. Only pages within the shell may ask; nobody else gets there. */
export function useSession(): Session {
  const { data } = useSuspenseQuery(sessionQuery)
  if (!data) throw new Error('a page within the shell is shown without a session')
  return data
}

/** Whether the user may what a role may; admins may whatever any user may. */
export function has(session: Session, role: Role): boolean {
  return session.roles.includes(role) || (session.roles.includes('admin') && role !== 'agent')
}

/** Signs in, and forgets what was known of whoever was here before. */
export function useSignIn() {
  const client = useQueryClient()
  return async (credentials: Schema['Credentials']) => {
    const session = await ask(api.POST('/v1/session', { body: credentials }))
    keepToken(session.csrf)
    client.clear()
    client.setQueryData(sessionQuery.queryKey, session)
  }
}

/**
 * Signs out and goes to the sign-in page. A session that has ended already is as good. What was
 * known is forgotten only when no page is left that shows it.
 */
export function useSignOut() {
  const client = useQueryClient()
  const navigate = useNavigate()
  return async () => {
    try {
      await api.DELETE('/v1/session')
    } catch (error) {
      if (!(error instanceof Refusal && error.status === 401)) throw error
    }
    await navigate({ to: '/sign-in' })
    keepToken('')
    client.clear()
  }
}
