import { Alert, Button, Center, Paper, PasswordInput, Stack, Text, TextInput, Title } from '@mantine/core'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { type FormEvent, useState } from 'react'

import { inWords, Refusal } from '../api/problem'
import { text } from '../text/en'
import { useSignIn } from './session'
import { useSecondsUntil } from './until'

const accountKey = 'switchyard.account'

/** The page where a user signs in. The account is remembered on this machine, names are not. */
export function SignIn() {
  const { to, ended, problem, reference } = useSearch({ from: '/sign-in' })
  const [account, setAccount] = useState(() => localStorage.getItem(accountKey) ?? '')
  const [username, setUsername] = useState('')
  const [password, setPassword] = useState('')
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState<unknown>(null)
  const navigate = useNavigate()
  const signIn = useSignIn()
  const barredUntil = error instanceof Refusal && error.status === 429 ? error.retryAt : undefined
  const seconds = useSecondsUntil(barredUntil)

  const submit = async (event: FormEvent) => {
    event.preventDefault()
    setBusy(true)
    setError(null)
    try {
      await signIn({ account: account.trim(), username: username.trim(), password })
      localStorage.setItem(accountKey, account.trim())
      await navigate({ to: to ?? '/', replace: true })
    } catch (failure) {
      setError(failure)
      setBusy(false)
    }
  }

  const elsewhere = () => {
    if (!account.trim()) {
      setError(text.session.elsewhereNeeds)
      return
    }
    localStorage.setItem(accountKey, account.trim())
    window.location.assign(`/auth/oidc?${new URLSearchParams({ account: account.trim(), to: to ?? '/' }).toString()}`)
  }

  return (
    <Center component="main" mih="100vh" p="md">
      <Paper withBorder shadow="sm" p="xl" w="100%" maw={380}>
        <form onSubmit={(event) => void submit(event)}>
          <Stack>
            <Title order={1} size="h3">
              {text.session.title}
            </Title>
            {ended && !error ? <Alert>{text.session.ended}</Alert> : null}
            {problem && !error ? (
              <Alert color="red" role="alert">
                {text.session.problem[problem]}
                {reference ? <Text size="xs">{text.problem.correlation(reference)}</Text> : null}
              </Alert>
            ) : null}
            <TextInput
              label={text.session.account}
              autoComplete="organization"
              autoCapitalize="none"
              spellCheck={false}
              required
              withAsterisk={false}
              autoFocus={!account}
              value={account}
              onChange={(event) => setAccount(event.currentTarget.value)}
            />
            <TextInput
              label={text.session.username}
              autoComplete="username"
              autoCapitalize="none"
              spellCheck={false}
              required
              withAsterisk={false}
              autoFocus={account !== ''}
              value={username}
              onChange={(event) => setUsername(event.currentTarget.value)}
            />
            <PasswordInput
              label={text.session.password}
              autoComplete="current-password"
              required
              withAsterisk={false}
              value={password}
              onChange={(event) => setPassword(event.currentTarget.value)}
            />
            <div role="alert">
              {error ? <Alert color="red">{sayWhy(error, barredUntil, seconds)}</Alert> : null}
            </div>
            <Button type="submit" loading={busy} disabled={seconds > 0}>
              {text.session.signIn}
            </Button>
            <Button variant="subtle" onClick={elsewhere} disabled={busy}>
              {text.session.elsewhere}
            </Button>
          </Stack>
        </form>
      </Paper>
    </Center>
  )
}

function sayWhy(error: unknown, barredUntil: number | undefined, seconds: number): string {
  if (typeof error === 'string') return error
  if (barredUntil !== undefined && error instanceof Refusal && error.code === 'too_many_requests') {
    return text.session.tooMany(new Date(barredUntil).toLocaleTimeString(), seconds)
  }
  if (error instanceof Refusal && error.status === 401) return text.session.wrong
  return inWords(error)
}
