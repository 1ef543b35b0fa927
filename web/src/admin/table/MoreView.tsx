import { Alert, NativeSelect, Stack } from '@mantine/core'
import { useState } from 'react'

import { text } from '../../text/en/admin'
import { Field } from '../draft/Field'
import { accountShape } from '../draft/schema'
import { useReading } from '../draft/state'
import { QueueTable } from './QueueTable'

const parts = ['queues', 'settings', 'groups', 'skills', 'presences', 'schedules', 'dispositions', 'gateways', 'secrets', 'providers', 'clients'] as const

/** All other parts of the account, each in a form made from its shape. */
export function MoreView() {
  const { value: account, misprints } = useReading()
  const [part, setPart] = useState<(typeof parts)[number]>('queues')
  if (misprints.length > 0) return <Alert color="red">{text.draft.unreadable}</Alert>
  const shape = accountShape.properties?.[part]
  return (
    <Stack gap="sm">
      <NativeSelect label={text.parts.label} value={part} maw={320} onChange={(event) => setPart(event.currentTarget.value as typeof part)}
        data={parts.map((name) => ({ value: name, label: text.parts.names[name] }))} />
      {part === 'queues' ? <QueueTable /> : shape ? (
        <div className="admin-part">
          <Field key={part} path={[part]} name={text.parts.names[part]} shape={shape} value={account[part]} />
        </div>
      ) : null}
    </Stack>
  )
}
