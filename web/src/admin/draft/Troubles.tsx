import { Alert, Anchor, List } from '@mantine/core'
import { Link } from '@tanstack/react-router'

import { text } from '../../text/en/admin'
import { Problem } from '../Problem'
import type { Outlook } from './state'

const most = 50

/** What is wrong with the draft, each with its place. */
export function Troubles({ outlook }: { outlook: Outlook }) {
  const { troubles, failure } = outlook
  const say = text.troubles
  if (failure) return <Problem error={failure} />
  if (troubles.length === 0) return null
  const faults = troubles.filter(({ warning }) => !warning)
  return (
    <Alert color={faults.length > 0 ? 'red' : 'yellow'} title={faults.length > 0 ? say.title(faults.length) : say.warnings(troubles.length)}>
      <List size="sm" spacing={4}>
        {troubles.slice(0, most).map((trouble, n) => (
          <List.Item key={n}>
            <Anchor size="sm" underline="always" c="inherit" renderRoot={(props) => (
              <Link {...props} to="." search={(old: object) => ({ ...old, view: 'yaml' as const })} hash={`L${trouble.line}`} />
            )}>
              {say.line(trouble.line)}
            </Anchor>{' '}
            {trouble.path ? <code>{trouble.path}</code> : null} {trouble.text}
          </List.Item>
        ))}
      </List>
      {troubles.length > most ? say.others(troubles.length - most) : null}
    </Alert>
  )
}
