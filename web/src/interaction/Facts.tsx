import './interaction.css'

import { Anchor } from '@mantine/core'

import type { Schema } from '../api/client'
import { momentText } from '../live/span'
import { text } from '../text/en/interaction'

/** Only addresses that a person may follow are links (RULINGS 43). */
const followed = /^(https?|mailto|tel):/i

/** What is known of an interaction. */
export function Facts({ work }: { work: Schema['Interaction'] }) {
  const say = text.facts
  const facts: [string, string | undefined][] = [
    [say.route, work.route],
    [say.queue, work.plan ? `${work.plan}/${work.applet ?? ''}` : ''],
    [say.agent, work.agent],
    [text.band, text.bands[work.band]],
    [say.skills, work.skills.map((skill) => (skill.required ? skill.name : `${skill.name} (${text.prefers.toLowerCase()})`)).join(', ')],
    [say.clid, work.clid],
    [say.mediatype, work.mediatype],
    [say.interactiontype, work.interactiontype],
    [say.provider, work.provider],
    [say.externalid, work.externalid],
    [say.created, momentText(work.created)],
    [say.ended, work.ended ? momentText(work.ended) : ''],
    [say.outcome, work.outcome],
    [say.detail, work.detail],
    [say.flagged, work.flagged],
    [say.disposition, work.disposition],
    [say.notes, work.notes],
    ...work.properties.map(({ key, value }): [string, string] => [key, value]),
  ]
  return (
    <dl className="life-facts">
      {facts.map(([name, value], n) =>
        value ? (
          <div key={n}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ) : null,
      )}
      {work.urls.map(({ label, value }, n) => (
        <div key={`url ${n}`}>
          <dt>{label}</dt>
          <dd>
            {followed.test(value) ? (
              <Anchor href={value} target="_blank" rel="noopener noreferrer" underline="always" c="inherit" size="sm">
                {value}
              </Anchor>
            ) : (
              value
            )}
          </dd>
        </div>
      ))}
    </dl>
  )
}
