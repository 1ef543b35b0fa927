import { text } from '../text/en'

/** What the server answers when it refuses: RFC 9457 problem details. */
export interface ProblemDetails {
  code: string
  title: string
  detail: string
  status: number
  correlation: string
  errors?: { path?: string; where?: string; text?: string; detail?: string; line?: number; column?: number; warning?: boolean }[]
}

/** The server understood the call and refused it; the message is its words. */
export class Refusal extends Error {
  override name = 'Refusal'
  readonly status: number
  readonly code: string
  readonly details: ProblemDetails
  /** When coming back helps, as a moment of this machine's clock; the server says so with 429 and 503. */
  readonly retryAt: number | undefined

  constructor(details: ProblemDetails, retryAfter: string | null) {
    super(details.detail || details.title)
    this.status = details.status
    this.code = details.code
    this.details = details
    const seconds = Number(retryAfter)
    this.retryAt = retryAfter && seconds >= 0 ? Date.now() + seconds * 1000 : undefined
  }
}

/** The server was not reached, or did not answer as Switchyard does. */
export class Unreachable extends Error {
  override name = 'Unreachable'
}

/** Makes the error of an answer that is no success. */
export async function refusalOf(response: Response): Promise<Error> {
  if (response.headers.get('Content-Type')?.startsWith('application/problem+json')) {
    return new Refusal((await response.json()) as ProblemDetails, response.headers.get('Retry-After'))
  }
  return new Unreachable(text.problem.foreign(response.status))
}

/** Says an error in words a person can act on. */
export function inWords(error: unknown): string {
  if (error instanceof Refusal) return error.message
  if (error instanceof Unreachable) return error.message
  if (error instanceof TypeError) return text.problem.unreachable
  return error instanceof Error ? error.message : String(error)
}

/** Whether asking again by itself makes sense: the call did not arrive, or the server was busy. */
export function passes(error: unknown): boolean {
  return !(error instanceof Refusal) || error.status === 503
}
