import { Button, type MantineColorScheme, Menu, useMantineColorScheme } from '@mantine/core'
import { useState } from 'react'

import { inWords } from '../api/problem'
import { ChangePassword } from '../session/ChangePassword'
import { useSession, useSignOut } from '../session/session'
import { text } from '../text/en'

const schemes = [
  ['light', text.shell.light],
  ['dark', text.shell.dark],
  ['auto', text.shell.auto],
] as const

/** The menu of the signed-in user: colours, password, sign out. */
export function UserMenu() {
  const session = useSession()
  const { colorScheme, setColorScheme } = useMantineColorScheme()
  const [changing, setChanging] = useState(false)
  const [failure, setFailure] = useState('')
  const signOut = useSignOut()
  const leave = async () => {
    try {
      await signOut()
    } catch (error) {
      setFailure(inWords(error))
    }
  }
  return (
    <>
      <Menu position="bottom-end" width={260} withinPortal={false} onClose={() => setFailure('')}>
        <Menu.Target>
          <Button variant="subtle" color="gray" c="inherit" aria-label={text.shell.user(session.name)}>
            {session.name}
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Label>{text.session.signedInAs(session.username, session.account)}</Menu.Label>
          <Menu.Item onClick={() => setChanging(true)}>{text.session.changePassword}</Menu.Item>
          <Menu.Divider />
          <Menu.Label>{text.shell.theme}</Menu.Label>
          <Menu.RadioGroup value={colorScheme} onChange={(scheme) => setColorScheme(scheme as MantineColorScheme)}>
            {schemes.map(([scheme, name]) => (
              <Menu.RadioItem key={scheme} value={scheme} closeMenuOnClick={false}>
                {name}
              </Menu.RadioItem>
            ))}
          </Menu.RadioGroup>
          <Menu.Divider />
          <Menu.Item closeMenuOnClick={false} onClick={() => void leave()}>
            {text.session.signOut}
          </Menu.Item>
          {failure ? <Menu.Label role="alert">{failure}</Menu.Label> : null}
        </Menu.Dropdown>
      </Menu>
      <ChangePassword opened={changing} onClose={() => setChanging(false)} />
    </>
  )
}
