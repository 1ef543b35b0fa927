import { Alert, Button, Stack, Text } from '@mantine/core'
import { type ErrorComponentProps, Link, useRouter } from '@tanstack/react-router'

import { inWords, Refusal } from '../api/problem'
import { text } from '../text/en'

/** What a page shows that could not be shown. */
export function Failure({ error, reset }: ErrorComponentProps) {
  const router = useRouter()
  const again = () => {
    reset()
    void router.invalidate()
  }
  return (
    <Stack p="md" align="flex-start">
      <Alert color="red" title={text.problem.page} role="alert">
        {inWords(error)}
        {error instanceof Refusal ? (
          <Text size="sm" mt="xs">
            {text.problem.correlation(error.details.correlation)}
          </Text>
        ) : null}
      </Alert>
      <Button onClick={again}>{text.problem.retry}</Button>
    </Stack>
  )
}

/** What an address shows that no page is at, or none that this user may see. */
export function NotFound() {
  return (
    <Stack p="md" align="flex-start">
      <Alert title={text.problem.notFound}>{text.problem.notFoundHelp}</Alert>
      <Button component={Link} to="/">
        {text.problem.home}
      </Button>
    </Stack>
  )
}
