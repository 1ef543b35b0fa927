// Signing in and out, in Chromium over the real binary.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'

import { axe, openPage, shoot, signIn, startBrowser, startServer } from './rig.mjs'

const account = `
account: acme
settings: {grace: 0s}
agents:
  - {username: ada, name: Ada Lovelace, password: ada-ada-ada}
  - {username: sue, name: Sue, password: sue-sue-sue, roles: [supervisor, admin]}
plans:
  - {name: Cases, start: q, applets: {q: {type: queue}}}
routes: [{name: Cases, plan: Cases}]
`
let server, browser

before(async () => {
  server = await startServer(account)
  browser = await startBrowser()
})
after(async () => {
  await browser?.close()
  await server?.stop()
})

test('a user signs in, changes the password and signs out', async () => {
  const page = await openPage(browser, server)
  await page.goto(server.url + '/admin')
  await page.waitForURL((url) => url.pathname === '/sign-in')
  assert.deepEqual(await axe(page), [])
  await shoot(page, 'sign-in')
  await page.getByLabel('Account').fill('acme')
  await page.getByLabel('Username').fill('sue')
  await page.getByLabel('Password', { exact: true }).fill('not hers')
  await page.getByRole('button', { name: 'Sign in', exact: true }).click()
  await page.getByText('No user of that account').waitFor()
  await page.getByLabel('Password', { exact: true }).fill('sue-sue-sue')
  await page.keyboard.press('Enter')
  await page.getByRole('heading', { name: 'Admin' }).waitFor()
  assert.equal(new URL(page.url()).pathname, '/admin')
  assert.deepEqual(await axe(page), [])
  await shoot(page, 'admin')

  await page.getByRole('button', { name: 'Menu of Sue' }).click()
  await page.getByRole('menuitemradio', { name: 'Dark' }).click()
  assert.deepEqual(await axe(page), [])
  await shoot(page, 'menu-dark')
  await page.getByRole('menuitem', { name: 'Change password' }).click()
  await page.getByLabel('Present password').fill('sue-sue-sue')
  await page.getByLabel('New password', { exact: true }).fill('sue-anew-sue')
  await page.getByLabel('New password again').fill('sue-anew-sue')
  await shoot(page, 'password')
  assert.deepEqual(await axe(page), [])
  await page.getByRole('button', { name: 'Change password' }).click()
  await page.getByText('Your password is changed').waitFor()
  await page.locator('[data-autofocus]').click()

  await page.getByRole('button', { name: 'Menu of Sue' }).click()
  await page.getByRole('menuitem', { name: 'Sign out' }).click()
  await page.waitForURL(server.url + '/sign-in')
  await page.getByLabel('Username').fill('sue')
  await page.getByLabel('Password', { exact: true }).fill('sue-anew-sue')
  await page.keyboard.press('Enter')
  await page.getByRole('heading', { name: 'Wallboard' }).waitFor()
  assert.deepEqual(page.faults, [])
})

test('an account without an identity provider says so on the page', async () => {
  const page = await openPage(browser, server)
  await page.goto(server.url)
  const elsewhere = page.getByRole('button', { name: 'Sign in at your organisation' })
  await elsewhere.click()
  await page.getByText('Fill in the account first').waitFor()
  await page.getByLabel('Account').fill('acme')
  await elsewhere.click()
  await page.getByText('The account has no other place to sign in').waitFor()
  await page.getByText(/^Reference [0-9a-f-]{36}$/).waitFor()
  assert.equal(await page.getByLabel('Account').inputValue(), 'acme')
  assert.deepEqual(await axe(page), [])
  await shoot(page, 'sign-in-elsewhere')
  assert.deepEqual(page.faults, [])
})

test('who guesses is told when to try again', async () => {
  const page = await openPage(browser, server)
  await page.goto(server.url)
  for (let i = 0; i < 11; i++) {
    await page.getByLabel('Account').fill('acme')
    await page.getByLabel('Username').fill('nobody')
    await page.getByLabel('Password', { exact: true }).fill('guess')
    const answered = page.waitForResponse((r) => r.url().endsWith('/v1/session') && r.request().method() === 'POST')
    await page.getByRole('button', { name: 'Sign in', exact: true }).click()
    await answered
  }
  await page.getByText(/Too many failures. Try again at .*, in \d+ seconds/).waitFor()
  assert.ok(await page.getByRole('button', { name: 'Sign in', exact: true }).isDisabled())
  assert.deepEqual(await axe(page), [])
  await shoot(page, 'too-many')
})

test('an agent gets to ContactPad and nowhere else', async () => {
  const page = await openPage(browser, server)
  await signIn(page, server, 'acme', 'ada', 'ada-ada-ada')
  await page.getByRole('heading', { name: 'ContactPad' }).waitFor()
  assert.equal(await page.getByRole('link', { name: 'Admin' }).count(), 0)
  await page.goto(server.url + '/admin')
  await page.getByText('There is no such page').waitFor()
  assert.deepEqual(page.faults, [])
})

test('a lost connection is shown within 5 seconds and mends itself', async () => {
  const page = await openPage(browser, server)
  await signIn(page, server, 'acme', 'ada', 'ada-ada-ada')
  await page.getByRole('heading', { name: 'ContactPad' }).waitFor()
  await server.kill()
  await page.getByText('Connection lost').waitFor({ timeout: 5000 })
  await shoot(page, 'lost')
  await server.start(server.port)
  await page.getByText('Connected again').waitFor({ timeout: 10_000 })
  await page.getByText('Connected again').waitFor({ state: 'detached', timeout: 10_000 })
})
