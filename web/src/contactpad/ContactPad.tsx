import { Title } from '@mantine/core'

import { text } from '../text/en/contactpad'

export function ContactPad() {
  return <Title order={1}>{text.title}</Title>
}
