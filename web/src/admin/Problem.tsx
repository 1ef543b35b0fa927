import { Alert, Text } from '@mantine/core'

import { inWords, Refusal } from '../api/problem'
import { text as general } from '../text/en'

/** Why something an admin did was refused, if it was. */
export function Problem({ error, onClose }: { error: unknown; onClose?: () => void }) {
  if (!error) return null
  return (
    <Alert color="red" role="alert" title={general.problem.title} withCloseButton={onClose !== undefined}
      closeButtonLabel={general.session.close} {...(onClose ? { onClose } : {})}>
      {inWords(error)}
      {error instanceof Refusal ? <Text size="sm" mt="xs">{general.problem.correlation(error.details.correlation)}</Text> : null}
    </Alert>
  )
}
