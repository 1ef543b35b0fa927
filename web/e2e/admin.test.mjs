// An admin at work, in Chromium over the real binary.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'

import { axe, client, openPage, shoot, signIn, startBrowser, startServer } from './rig.mjs'

const account = `
account: acme
settings: {grace: 0s}
skills: [billing, german]
groups: [support]
agents:
  - {username: ada, name: Ada Lovelace, password: ada-ada-ada, skills: {billing: 9}, groups: [support]}
  - {username: root, name: Root, password: root-root-root, roles: [admin]}
plans:
  - {name: Cases, start: q, applets: {q: {type: queue, ring: 60s}}}
routes: [{name: Cases, plan: Cases}]
clients: [{id: crm, secret: crm-secret-for-tests, scopes: ["interactions:write", "interactions:read"]}]
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

/** Begins a draft and waits for its page. */
async function begin(page, name) {
  await page.goto(server.url + '/admin')
  await page.getByRole('button', { name: 'New draft' }).click()
  await page.getByLabel('Name').fill(name)
  await page.getByRole('button', { name: 'Make the draft' }).click()
  await page.getByRole('heading', { name }).waitFor()
}

/** Puts a text at the place of another in the YAML view. */
async function rewrite(page, from, to) {
  await page.getByRole('tab', { name: 'YAML' }).click()
  const editor = page.getByRole('textbox', { name: 'Draft as YAML' })
  await editor.waitFor()
  await editor.press('Control+f')
  await page.getByRole('textbox', { name: 'Find' }).fill(from)
  await page.getByRole('textbox', { name: 'Replace' }).fill(to)
  await page.getByRole('button', { name: 'replace', exact: true }).click()
  await page.getByRole('button', { name: 'replace', exact: true }).click()
  await page.keyboard.press('Escape')
}

test('a draft is written as YAML, checked where it is wrong, published and rolled back', async () => {
  const page = await openPage(browser, server)
  await signIn(page, server, 'acme', 'root', 'root-root-root')
  await begin(page, 'Longer ring')
  await rewrite(page, 'ring: 1m', 'ring: forever')
  await page.getByText('One problem keeps this from being published').waitFor()
  const place = page.getByRole('link', { name: /^Line \d+$/ })
  await place.waitFor()
  await page.locator('.cm-lint-marker-error').waitFor()
  assert.deepEqual(await axe(page), [])
  await shoot(page, 'admin-yaml-wrong')
  await rewrite(page, 'ring: forever', 'ring: 90s')
  await page.getByText('One problem keeps').waitFor({ state: 'detached' })
  await page.getByRole('button', { name: 'Save', exact: true }).click()
  await page.getByText('Saved.').waitFor()
  await page.getByRole('tab', { name: 'Publish' }).click()
  await page.getByText('plan Cases').waitFor()
  assert.deepEqual(await axe(page), [])
  await shoot(page, 'admin-changes')
  await page.getByRole('button', { name: 'Publish', exact: true }).click()
  await page.getByText('version 2 is in force').waitFor()
  await page.getByRole('cell', { name: 'draft 1: Longer ring' }).waitFor()
  assert.deepEqual(await axe(page), [])
  await shoot(page, 'admin-config')
  await page.getByRole('button', { name: 'Roll back to version 1' }).click()
  const asked = page.getByRole('dialog')
  assert.deepEqual(await axe(page), [])
  await asked.getByRole('button', { name: 'Roll back' }).click()
  await page.getByText('Version 1 is in force again, as version 3.').waitFor()
  await page.getByRole('row', { name: /^3 .* user:root rollback to 1/ }).waitFor()
  assert.deepEqual(page.faults, [])
})

test('an admin builds a plan with two applets, tests, publishes, and the next invoke takes it', async () => {
  const page = await openPage(browser, server)
  await signIn(page, server, 'acme', 'root', 'root-root-root')
  await begin(page, 'VIP plan')
  await page.getByRole('button', { name: 'New plan' }).click()
  await page.getByLabel('Name of the plan').fill('VIP')
  assert.deepEqual(await axe(page), [])
  await page.getByRole('dialog').getByRole('button', { name: 'Add' }).click()
  await page.getByText('The plan is empty').waitFor()

  await page.getByRole('button', { name: 'Add applet' }).click()
  const asked = page.getByRole('dialog')
  await asked.getByLabel('Type').selectOption('setdatasource')
  await asked.getByLabel('Name of the applet').fill('mark')
  await asked.getByRole('button', { name: 'Add', exact: true }).click()
  await page.getByRole('heading', { name: 'mark (setdatasource)' }).waitFor()
  await page.getByLabel('New key in values').fill('Tier')
  await page.getByLabel('New key in values').press('Enter')
  await page.getByLabel('Tier', { exact: true }).fill('gold')
  await page.getByLabel('Tier', { exact: true }).press('Enter')

  await page.getByRole('button', { name: 'Add applet' }).click()
  await asked.getByLabel('Comes after').waitFor()
  assert.equal(await asked.getByLabel('Comes after').locator('option:checked').textContent(), 'mark, exit next')
  await asked.getByRole('button', { name: 'Add', exact: true }).click()
  await page.getByRole('heading', { name: 'queue (queue)' }).waitFor()
  await page.getByLabel('ring').fill('45s')
  await page.getByLabel('ring').press('Tab')
  await page.getByRole('group', { name: 'mark, setdatasource, start' }).waitFor()
  assert.deepEqual(await axe(page), [])
  await shoot(page, 'admin-plan')

  // By keyboard: an applet of the graph is chosen with Enter.
  await page.getByRole('group', { name: 'mark, setdatasource, start' }).focus()
  await page.keyboard.press('Enter')
  await page.getByRole('heading', { name: 'mark (setdatasource)' }).waitFor()

  await page.getByRole('tab', { name: 'Test run' }).click()
  await page.getByRole('button', { name: 'Run', exact: true }).click()
  await page.getByText('queued in VIP/queue').waitFor()
  await page.getByText('data source Tier = "gold"').waitFor()
  await page.locator('.plan-box.plan-lit').nth(1).waitFor()
  await page.locator('.react-flow__edge.plan-lit').waitFor({ state: 'attached' })
  assert.deepEqual(await axe(page), [])
  await shoot(page, 'admin-test-run')

  await page.getByRole('tab', { name: 'YAML' }).click()
  await page.getByText('Tier: gold').waitFor()
  await page.getByRole('link', { name: 'Review and publish' }).click()
  await page.getByText('plan VIP added').waitFor()
  await page.getByRole('button', { name: 'Publish', exact: true }).click()
  await page.getByText(/version \d+ is in force/).waitFor()

  const call = await client(server, 'crm', 'crm-secret-for-tests', 'interactions:write interactions:read')
  assert.deepEqual(await call('POST', '/interactions/invoke', { requests: [{ requestId: 'v', externalId: 'V-1', route: 'VIP' }] }), [])
  const { items: [work] } = await call('GET', '/v1/interactions?externalid=V-1')
  assert.equal(`${work.plan}/${work.applet} ${work.state}`, 'VIP/queue queued')
  assert.deepEqual(page.faults, [])
})
