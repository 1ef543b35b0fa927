import { Alert, Progress, Text } from '@mantine/core'

import { text } from '../text/en/contactpad'
import type { Desk } from './desk'
import { clockText, Since, useLeft } from './now'

/** The agent's presence: what it is, since when, what comes after, and what else it may be. */
export function PresenceBar({ desk, choosing, choose }: { desk: Desk; choosing: string | undefined; choose: (presence: string) => void }) {
  const { agent, presences } = desk
  return (
    <section className="pad-presence" aria-label={text.presence}>
      <div className="pad-now">
        <span className="pad-dot" data-category={agent.category} aria-hidden />
        <strong role="status">{agent.presence}</strong>
        {agent.since ? <Since at={agent.since} /> : null}
        {agent.intended ? (
          <span className="pad-intended" role="status" title={text.afterHelp}>
            {text.after(agent.intended)}
          </span>
        ) : null}
      </div>
      <div className="pad-choices" role="group" aria-label={text.presence}>
        {presences.map(({ name, category }) => (
          <button key={name} type="button" className="pad-choice" aria-pressed={(choosing ?? agent.presence) === name}
            data-intended={agent.intended === name || undefined} onClick={() => choose(name)}>
            <span className="pad-dot" data-category={category} aria-hidden />
            {name}
          </button>
        ))}
      </div>
      <div className="pad-load">
        <Text size="sm">{text.load(agent.load)}</Text>
        <Progress value={agent.load} size="sm" aria-hidden />
      </div>
      {agent.until ? <NoAnswer until={agent.until} /> : null}
      {agent.lost ? <Alert color="red" role="alert" title={text.lost} className="pad-wide" /> : null}
    </section>
  )
}

/** Says that nothing comes, and until when, to somebody who missed an offer. */
function NoAnswer({ until }: { until: string }) {
  const left = useLeft(until) ?? 0
  return (
    <Alert color="yellow" className="pad-wide" title={text.noAnswer}>
      {text.noAnswerLeft(clockText(left))}
    </Alert>
  )
}
