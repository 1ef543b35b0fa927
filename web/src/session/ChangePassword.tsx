import { Alert, Button, Group, Modal, PasswordInput, Stack } from '@mantine/core'
import { type FormEvent, useState } from 'react'

import { api } from '../api/client'
import { inWords } from '../api/problem'
import { text } from '../text/en'
import { useSession } from './session'

/** The dialog by which users change their own password. */
export function ChangePassword({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  return (
    <Modal opened={opened} onClose={onClose} title={text.session.changePassword}>
      <PasswordForm onClose={onClose} />
    </Modal>
  )
}

function PasswordForm({ onClose }: { onClose: () => void }) {
  const session = useSession()
  const [old, setOld] = useState('')
  const [fresh, setFresh] = useState('')
  const [again, setAgain] = useState('')
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState('')
  const [changed, setChanged] = useState(false)

  const submit = async (event: FormEvent) => {
    event.preventDefault()
    setError('')
    if (fresh !== again) {
      setError(text.session.notTheSame)
      return
    }
    setBusy(true)
    try {
      await api.PUT('/v1/me/password', { body: { old, new: fresh } })
      setChanged(true)
    } catch (failure) {
      setError(inWords(failure))
    } finally {
      setBusy(false)
    }
  }

  if (changed) {
    return (
      <Stack>
        <Alert color="green" role="status">
          {text.session.passwordChanged}
        </Alert>
        <Group justify="flex-end">
          <Button data-autofocus onClick={onClose}>
            {text.session.close}
          </Button>
        </Group>
      </Stack>
    )
  }
  return (
    <form onSubmit={(event) => void submit(event)}>
      <Stack>
        <input type="text" autoComplete="username" value={session.username} readOnly hidden />
        <PasswordInput
          label={text.session.oldPassword}
          autoComplete="current-password"
          required
          withAsterisk={false}
          data-autofocus
          value={old}
          onChange={(event) => setOld(event.currentTarget.value)}
        />
        <PasswordInput
          label={text.session.newPassword}
          description={text.session.newPasswordHelp}
          autoComplete="new-password"
          required
          withAsterisk={false}
          minLength={8}
          value={fresh}
          onChange={(event) => setFresh(event.currentTarget.value)}
        />
        <PasswordInput
          label={text.session.repeatPassword}
          autoComplete="new-password"
          required
          withAsterisk={false}
          value={again}
          onChange={(event) => setAgain(event.currentTarget.value)}
        />
        <div role="alert">{error ? <Alert color="red">{error}</Alert> : null}</div>
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            {text.session.cancel}
          </Button>
          <Button type="submit" loading={busy}>
            {text.session.change}
          </Button>
        </Group>
      </Stack>
    </form>
  )
}
