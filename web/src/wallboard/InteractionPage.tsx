import './wallboard.css'

import { Alert, Button, Group, Skeleton, Text, Title } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Link, useParams } from '@tanstack/react-router'
import { useState } from 'react'

import { api, ask } from '../api/client'
import { inWords } from '../api/problem'
import { Facts } from '../interaction/Facts'
import { Timeline } from '../interaction/Timeline'
import { Why } from '../interaction/Why'
import { live, useRefresh } from '../live/feed'
import { text as words } from '../text/en/interaction'
import { text } from '../text/en/wallboard'
import { type Act, ActDialog } from './ActDialog'
import { Age } from './Age'
import { nameOf } from './WaitingTable'

const acts: readonly Act[] = ['priority', 'assign', 'requeue', 'release']

/** One interaction: where it is, why, what happened to it, and what a supervisor may do. */
export function InteractionPage() {
  const { id } = useParams({ from: '/shell/wallboard/interactions/$id' })
  useRefresh(['interaction', id], (happening) => happening.interaction === id)
  const { data: work, error } = useQuery({
    queryKey: [...live, 'interaction', id],
    queryFn: () => ask(api.GET('/v1/interactions/{id}', { params: { path: { id } } })),
  })
  const [act, setAct] = useState<Act | null>(null)
  return (
    <div className="wall">
      <Link to="/wallboard" search={(now) => now} className="wall-link">
        {text.back}
      </Link>
      {error ? (
        <Alert color="red" role="alert" title={text.failed}>
          {inWords(error)}
        </Alert>
      ) : null}
      {work ? (
        <>
          <header className="wall-head">
            <Title order={1}>{nameOf(work)}</Title>
            <Text role="status" className="wall-live">
              {words.states[work.state]} {work.state !== 'ended' && work.agent ? `(${work.agent})` : null}{' '}
              {work.state !== 'ended' ? <Age since={work.since} /> : null}
              {work.lost ? <span className="wall-warn"> {text.lost}</span> : null}
            </Text>
          </header>
          {work.state !== 'ended' ? (
            <Group gap="xs">
              {acts.map((one) => (
                <Button key={one} size="xs" variant="default" onClick={() => setAct(one)}>
                  {text.acts[one]}…
                </Button>
              ))}
            </Group>
          ) : null}
          <div className="wall-columns">
            <div className="wall-column">
              <section className="wall-panel" aria-labelledby="life-timeline">
                <Title order={2} size="h4" id="life-timeline" mb={6}>
                  {words.timeline}
                </Title>
                <Timeline id={id} />
              </section>
              <section className="wall-panel" aria-labelledby="life-facts">
                <Title order={2} size="h4" id="life-facts" mb={6}>
                  {words.facts.title}
                </Title>
                <Facts work={work} />
              </section>
            </div>
            <div className="wall-column">
              <section className="wall-panel" aria-labelledby="life-why">
                <Title order={2} size="h4" id="life-why" mb={6}>
                  {words.why}
                </Title>
                <Why id={id} />
              </section>
            </div>
          </div>
          {act ? <ActDialog work={work} first={act} onClose={() => setAct(null)} /> : null}
        </>
      ) : error ? null : (
        <Skeleton h={300} />
      )}
    </div>
  )
}
