// An agent at work, in Chromium over the real binary.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'

import { axe, client, openPage, shoot, signIn, startBrowser, startServer } from './rig.mjs'

const account = `
account: acme
settings: {grace: 0s}
agents:
  - {username: ada, name: Ada Lovelace, password: ada-ada-ada}
  - {username: bo, password: bo-bo-bo-bo}
plans:
  - {name: Cases, start: q, applets: {q: {type: queue, ring: 60s, wrap: 60s}}}
routes: [{name: Cases, plan: Cases}]
clients: [{id: crm, secret: crm-secret-for-tests, scopes: ["interactions:write"]}]
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

test('an agent takes, parks, retrieves, releases and completes work', async () => {
  const page = await openPage(browser, server)
  await signIn(page, server, 'acme', 'ada', 'ada-ada-ada')
  await page.getByText('Nothing is with you').waitFor()
  assert.deepEqual(await axe(page), [])
  await page.getByRole('radio', { name: 'Ready' }).click()
  await page.getByText('You are Ready').waitFor()

  const call = await client(server, 'crm', 'crm-secret-for-tests', 'interactions:write')
  assert.deepEqual(await call('POST', '/interactions/invoke', {
    requests: [{ requestId: '1', route: 'Cases', linkeddata: [
      { type: 'name', value: 'Grace Hopper' }, { type: 'clid', value: '+4412345' },
      { type: 'url', label: 'Case 7', value: 'https://crm.example.com/7' },
      { type: 'url', label: 'No address' }, { type: 'url', label: 'Script', value: 'javascript:alert(1)' },
      { type: 'interactionproperty', key: 'Order', value: '4711' }] }] }), [])

  const card = page.getByRole('article', { name: 'Grace Hopper' })
  await card.getByText('Order: 4711').waitFor()
  assert.equal(await card.getByRole('link').count(), 1, 'only http, https, mailto and tel are links')
  assert.deepEqual(await axe(page), [])
  await shoot(page, 'offered')
  for (const [button, state] of [['Accept', 'Connected'], ['Park', 'Parked'], ['Retrieve', 'Connected'], ['Release', 'Wrap-up']]) {
    await card.getByRole('button', { name: button }).press('Enter')
    await card.getByText(state, { exact: true }).waitFor()
  }
  assert.deepEqual(await axe(page), [])
  await shoot(page, 'wrap')
  await card.getByRole('button', { name: 'Complete' }).press('Enter')
  await page.getByText('Nothing is with you').waitFor()
  assert.deepEqual(page.faults, [])
})

test("another agent's page shows nothing of it", async () => {
  const page = await openPage(browser, server)
  await signIn(page, server, 'acme', 'bo', 'bo-bo-bo-bo')
  await page.getByText('Nothing is with you').waitFor()
  const call = await client(server, 'crm', 'crm-secret-for-tests', 'interactions:write')
  await call('POST', '/interactions/invoke', { requests: [{ requestId: '2', route: 'Cases' }] })
  assert.equal(await page.getByRole('article').count(), 0)
  assert.deepEqual(page.faults, [])
})
