import { Button, Group, Modal, Stack, Text } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import type { ReactNode } from 'react'

import { text as general } from '../text/en'
import { Problem } from './Problem'

/** Asks before something is done that cannot be taken back, and shows why it was refused. */
export function Confirm({ title, does, act, opened, onClose, children, danger = false }: {
  title: string
  does: string
  act: () => Promise<unknown>
  opened: boolean
  onClose: () => void
  children?: ReactNode
  danger?: boolean
}) {
  const doing = useMutation({ mutationFn: act, onSuccess: onClose })
  const close = () => {
    doing.reset()
    onClose()
  }
  return (
    <Modal opened={opened} onClose={close} title={title} centered>
      <Stack>
        {typeof children === 'string' ? <Text>{children}</Text> : children}
        <Problem error={doing.error} />
        <Group justify="flex-end">
          <Button variant="default" onClick={close}>{general.session.cancel}</Button>
          <Button {...(danger ? { color: 'red.9' } : {})} loading={doing.isPending} onClick={() => doing.mutate()}>{does}</Button>
        </Group>
      </Stack>
    </Modal>
  )
}
