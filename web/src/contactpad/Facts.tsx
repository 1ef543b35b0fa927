import { Anchor } from '@mantine/core'

import { text } from '../text/en/contactpad'
import type { Work } from './desk'
import { clockText, useNow } from './now'

/** Only addresses that a person may follow are links. */
const followed = /^(https?|mailto|tel):/i

/** What is known of a piece of work: its links and everything it came with. */
export function Facts({ work }: { work: Work }) {
  const skills = work.skills.map((skill) => (skill.required ? skill.name : text.preferred(skill.name))).join(', ')
  const facts: [string, string][] = [
    [text.clid, work.clid],
    [text.mediatype, work.mediatype],
    [text.route, work.route],
    [text.skills, skills],
    ...work.properties.map(({ key, value }): [string, string] => [key, value]),
  ]
  return (
    <>
      {work.urls.length > 0 ? (
        <ul className="pad-links">
          {work.urls.map(({ label, value }, n) => (
            <li key={n}>
              {value && followed.test(value) ? (
                <Anchor href={value} target="_blank" rel="noopener noreferrer" underline="always" title={text.newTab}>
                  {label}
                </Anchor>
              ) : (
                label
              )}
            </li>
          ))}
        </ul>
      ) : null}
      <dl className="pad-facts">
        {facts.map(([label, value], n) =>
          value ? (
            <div key={n}>
              <dt>{label}</dt>
              <dd>{value}</dd>
            </div>
          ) : null,
        )}
        {work.waitingsince ? (
          <div>
            <dt>{text.waited}</dt>
            <dd>
              <Waited since={work.waitingsince} until={work.state === 'offered' ? undefined : work.answered} />
            </dd>
          </div>
        ) : null}
      </dl>
    </>
  )
}

/** How long work waited, or waits. */
function Waited({ since, until }: { since: string; until: string | undefined }) {
  const now = useNow()
  return <span className="pad-clock">{clockText((until ? Date.parse(until) : now) - Date.parse(since))}</span>
}
