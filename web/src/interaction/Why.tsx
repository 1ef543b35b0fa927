import './interaction.css'

import { Alert, Skeleton, Text, Title } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'

import { api, ask, type Schema } from '../api/client'
import { inWords } from '../api/problem'
import { live, useRefresh } from '../live/feed'
import { momentText } from '../live/span'
import { text } from '../text/en/interaction'

type Explanation = Schema['Explanation']
type Reason = Schema['Reason']

/** Why an interaction is where it is: who was considered, what excludes the rest, what would change it. */
export function Why({ id }: { id: string }) {
  useRefresh(['explain', id], (happening) => happening.interaction === id)
  const { data, error } = useQuery({
    queryKey: [...live, 'explain', id],
    queryFn: () => ask(api.GET('/v1/interactions/{id}/explain', { params: { path: { id } } })),
    // Agents come and go without an event about this interaction.
    refetchInterval: (query) => (query.state.data?.state === 'queued' ? 3000 : false),
  })
  if (error) return <Alert color="red" role="alert">{inWords(error)}</Alert>
  if (!data) return <Skeleton h={120} />
  return (
    <div className="life-why">
      <Text fw={600} role="status">
        {data.summary}
      </Text>
      {data.unserveable ? <Alert color="red">{text.unserveable}</Alert> : null}
      {data.testplan ? <Text size="sm">{text.testPlan(data.testplan)}</Text> : null}
      {data.state === 'queued' ? <Queued explanation={data} /> : null}
      {data.last ? <Last reason={data.last} /> : null}
      {data.state === 'ended' && !data.changes ? null : (
        <section>
          <Title order={3} size="h5">
            {text.changes}
          </Title>
          {data.changes && data.changes.length > 0 ? (
            <ul className="life-list">
              {data.changes.map((change, n) => (
                <li key={n}>
                  <span className="life-number">{momentText(change.at)}</span>: {change.text}
                </li>
              ))}
            </ul>
          ) : (
            <Text size="sm">{text.noChanges}</Text>
          )}
        </section>
      )}
    </div>
  )
}

function Queued({ explanation: e }: { explanation: Explanation }) {
  return (
    <>
      <section>
        <Title order={3} size="h5">
          {text.place}
        </Title>
        <Text size="sm">{text.ahead(e.ahead)}</Text>
        <dl className="life-facts">
          <Fact name={text.requires} value={e.requires?.join(', ') || text.nothing} />
          <Fact name={text.prefers} value={e.prefers?.join(', ') || text.nothing} />
          {e.order ? (
            <>
              <Fact name={text.band} value={text.bands[e.order.band] ?? ''} />
              <Fact name={text.waitingSince} value={momentText(e.order.waitingsince)} />
              {e.order.score ? <Fact name={text.score} value={e.order.score.toLocaleString()} /> : null}
            </>
          ) : null}
        </dl>
        {e.order?.personal ? <Text size="sm">{text.personal}</Text> : null}
      </section>
      <section>
        <Title order={3} size="h5">
          {text.considered}
        </Title>
        <Text size="sm">{text.consideredCount(e.considered)}</Text>
        <ExcludedTable caption={text.excluded} excluded={e.excluded} />
      </section>
      {e.agents && e.agents.length > 0 ? (
        <section>
          <Title order={3} size="h5">
            {text.would}
          </Title>
          <table className="life-table">
            <caption>{text.nearest}</caption>
            <thead>
              <tr>
                <th scope="col">{text.agent}</th>
                <th scope="col">{text.missing}</th>
                <th scope="col">{text.until}</th>
              </tr>
            </thead>
            <tbody>
              {e.agents.map((agent) => (
                <tr key={agent.agent}>
                  <th scope="row">{agent.agent}</th>
                  <td>{agent.text}</td>
                  <td className="life-number">{agent.until ? momentText(agent.until) : ''}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </section>
      ) : null}
    </>
  )
}

/** Why it was offered to the agent it is with, or was last. */
function Last({ reason }: { reason: Reason }) {
  const standings = [reason.chosen, ...(reason.next ?? [])]
  return (
    <section>
      <Title order={3} size="h5">
        {text.last}
      </Title>
      <Text size="sm">
        {text.chosen(reason.chosen.agent)} {text.consideredThen(reason.considered)}
      </Text>
      <dl className="life-facts">
        <Fact name={text.requires} value={reason.requires?.join(', ') || text.nothing} />
        <Fact name={text.prefers} value={reason.prefers?.join(', ') || text.nothing} />
        <Fact name={text.band} value={text.bands[reason.order.band] ?? ''} />
        <Fact name={text.waitingSince} value={momentText(reason.order.waitingsince)} />
      </dl>
      <div className="life-scroll" role="region" aria-label={text.considered} tabIndex={0}>
        <table className="life-table">
          <caption>{text.considered}</caption>
          <thead>
            <tr>
              <th scope="col">{text.agent}</th>
              <th scope="col">{text.preferences}</th>
              <th scope="col">{text.level}</th>
              <th scope="col">{text.idle}</th>
              <th scope="col">{text.standing}</th>
            </tr>
          </thead>
          <tbody>
            {standings.map((standing, n) => (
              <tr key={standing.agent}>
                <th scope="row">{standing.agent}</th>
                <td className="life-number">{standing.prefers}</td>
                <td className="life-number">{standing.level}</td>
                <td className="life-number">{momentText(standing.idlesince)}</td>
                <td>{n === 0 ? text.won : (text.lost[standing.lost ?? ''] ?? standing.lost)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <ExcludedTable caption={text.excludedThen} excluded={reason.excluded} />
    </section>
  )
}

const causes = ['notready', 'group', 'skill', 'cooldown', 'room', 'other'] as const

function ExcludedTable({ caption, excluded }: { caption: string; excluded: Explanation['excluded'] }) {
  const some = causes.filter((cause) => (excluded[cause] ?? 0) > 0)
  if (some.length === 0) return <Text size="sm">{text.nobodyExcluded}</Text>
  return (
    <table className="life-table">
      <caption>{caption}</caption>
      <thead>
        <tr>
          <th scope="col">{text.cause}</th>
          <th scope="col">{text.agents}</th>
        </tr>
      </thead>
      <tbody>
        {some.map((cause) => (
          <tr key={cause}>
            <th scope="row">{text.causes[cause]}</th>
            <td className="life-number">{excluded[cause]}</td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}

function Fact({ name, value }: { name: string; value: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  )
}
