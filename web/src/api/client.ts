import createClient from 'openapi-fetch'

import { refusalOf, Unreachable } from './problem'
import type { components, paths } from './schema'
import { tellServerTime } from '../live/clock'
import { text } from '../text/en'

/** The schemas of the API's OpenAPI document, by name. */
export type Schema = components['schemas']

// The token that proves a call comes from our own page. It lives here and nowhere else: what reads
// storage or the document does not find it.
let csrf = ''

/** Keeps the session's CSRF token for all calls that change something. */
export function keepToken(token: string): void {
  csrf = token
}

const endings = new Set<() => void>()

/** Calls back when the server says that the session has ended; answers how to stop that. */
export function onSessionEnd(listener: () => void): () => void {
  endings.add(listener)
  return () => endings.delete(listener)
}

/** Tells everybody that the session has ended. */
export function sessionEnded(): void {
  endings.forEach((listener) => listener())
}

/** The typed client of the native API. Its calls fail with Refusal or Unreachable; see ask. */
export const api = createClient<paths>({ headers: { Accept: 'application/json' } })

api.use({
  onRequest({ request }) {
    if (request.method !== 'GET') request.headers.set('X-CSRF-Token', csrf)
    return request
  },
  async onResponse({ request, response }) {
    const at = response.headers.get('Date')
    if (at) tellServerTime(at)
    if (response.ok) return
    const own = new URL(request.url).pathname === '/v1/session'
    if (response.status === 401 && !own) sessionEnded()
    throw await refusalOf(response)
  },
  onError() {
    return new Unreachable(text.problem.unreachable)
  },
})

/** The body of a call's answer. */
export async function ask<T>(call: Promise<{ data?: T }>): Promise<T> {
  return (await call).data as T
}
