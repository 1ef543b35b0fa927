// A supervisor at the wallboard, in Chromium over the real binary.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'

import { axe, client, openPage, shoot, signIn, startBrowser, startServer } from './rig.mjs'

const everything = 'interactions:write interactions:read agents:read agents:write stats:read'
const account = `
account: acme
settings: {grace: 0s, noanswer: 60s}
skills: [billing, german, greek]
groups: [support]
presences: [{name: Lunch, category: Away}]
agents:
  - {username: ada, name: Ada Lovelace, skills: {billing: 9, german: 5}, groups: [support]}
  - {username: bo, name: Bo Diddley, skills: {billing: 5}, groups: [support]}
  - {username: cy, name: Cy Twombly, groups: [support]}
  - {username: sue, name: Sue, password: sue-sue-sue, roles: [supervisor]}
plans:
  - {name: Cases, start: q, applets: {q: {type: queue, ring: 60s, wrap: 60s, target: 20s, groups: [support]}}}
  - {name: Chats, start: q, applets: {q: {type: queue, accept: auto, target: 60s}}}
routes: [{name: Cases, plan: Cases}, {name: Chats, plan: Chats}]
clients: [{id: crm, secret: crm-secret-for-tests, scopes: [${everything.split(' ').map((scope) => JSON.stringify(scope)).join(', ')}]}]
`
let server, browser, call
before(async () => {
  server = await startServer(account)
  browser = await startBrowser()
  call = await client(server, 'crm', 'crm-secret-for-tests', everything)
})
after(async () => {
  await browser?.close()
  await server?.stop()
})

const dispatch = (name, route, skills = [], more = {}) =>
  call('POST', '/interactions/invoke', { requests: [{ requestId: name, externalId: name, route,
    linkeddata: [{ type: 'name', value: name }, { type: 'url', label: 'Case', value: 'https://crm.example.com/7' }],
    routingdata: { interactiontype: 'live', skills: skills.map((s) => ({ name: s })) }, ...more }] })
const find = async (name) => (await call('GET', `/v1/interactions?externalid=${encodeURIComponent(name)}`)).items[0]
const presence = (agent, name) => call('PUT', `/v1/agents/${agent}/presence`, { presence: name })
const act = (id, action, body = {}) => call('POST', `/v1/interactions/${id}/${action}`, body)

test('a supervisor sees work move, learns why, requeues, reprioritises and changes a presence', async () => {
  await presence('ada', 'Ready')
  await presence('bo', 'Lunch')
  await dispatch('Grace Hopper', 'Cases', ['billing'])
  await dispatch('Alan Turing', 'Cases', ['billing', 'german'])
  await dispatch('Homer', 'Cases', ['greek'])

  const page = await openPage(browser, server, { viewport: { width: 1500, height: 950 } })
  await signIn(page, server, 'acme', 'sue', 'sue-sue-sue')
  const queues = page.getByRole('region', { name: 'Queues' })
  const row = queues.getByRole('row', { name: /Cases\/q/ })
  await row.getByRole('cell').first().getByText('2', { exact: true }).waitFor()
  const agents = page.getByRole('region', { name: 'Agents' })
  const ada = agents.getByRole('row', { name: /Ada Lovelace/ })
  await ada.getByRole('link', { name: 'Offered: Grace Hopper' }).waitFor()
  await agents.getByRole('row', { name: /Bo Diddley/ }).getByText('Lunch').waitFor()
  const stuck = page.getByRole('region', { name: 'Stuck work' })
  await stuck.getByRole('row', { name: /Homer .*Unserveable\. No agent of the account can ever take it/ }).waitFor()

  // An agent takes it through the API: the supervisor sees it move.
  const grace = await find('Grace Hopper')
  await act(grace.id, 'accept', { agent: 'ada' })
  await ada.getByRole('link', { name: 'Connected: Grace Hopper' }).waitFor()
  await ada.getByRole('img', { name: 'Load of Ada Lovelace: 100 %' }).waitFor()
  await page.locator('.uplot canvas').waitFor()
  assert.deepEqual(await axe(page), [])
  await shoot(page, 'wallboard')

  // Into the queue, into what waits there, and why.
  await queues.getByRole('link', { name: 'Show queue Cases/q' }).click()
  const waiting = page.getByRole('region', { name: 'Waiting in Cases/q' })
  await waiting.getByRole('row', { name: /Alan Turing/ }).waitFor()
  assert.deepEqual(await axe(page), [])
  await shoot(page, 'wallboard-queue')
  await waiting.getByRole('link', { name: 'Alan Turing' }).press('Enter')
  await page.getByRole('heading', { name: 'Alan Turing' }).waitFor()
  await page.getByText('1 agent has billing+german and is in support: ada is full.').waitFor()
  await page.getByRole('row', { name: /Not ready/ }).waitFor()
  await page.getByRole('row', { name: /ada is full/ }).waitFor()
  assert.deepEqual(await axe(page), [])
  await shoot(page, 'why')

  // Reprioritise: the timeline says who did it.
  await page.getByRole('button', { name: 'Change its band…' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByRole('combobox', { name: 'Band' }).click()
  await page.getByRole('option', { name: 'Highest' }).click()
  assert.deepEqual(await axe(page), [])
  await shoot(page, 'act')
  await dialog.getByRole('button', { name: 'Change its band' }).click()
  await dialog.waitFor({ state: 'detached' })
  await page.getByRole('row', { name: /Band changed to Highest sue/ }).waitFor()
  assert.equal((await find('Alan Turing')).band, 1)

  // What the server refuses is said in its words, in the dialog.
  await act(grace.id, 'release', { agent: 'ada' })
  await page.goto(`${server.url}/wallboard/interactions/${grace.id}`)
  await page.getByRole('row', { name: /Wrap-up/ }).first().waitFor()
  await page.getByRole('button', { name: 'Requeue…' }).click()
  await dialog.getByRole('button', { name: 'Requeue' }).click()
  await dialog.getByText(/is wrap; requeue needs queued/).waitFor()
  assert.deepEqual(await axe(page), [])
  await dialog.getByRole('button', { name: 'Cancel' }).click()
  await act(grace.id, 'complete', { agent: 'ada' })
  await page.getByText('Ended', { exact: true }).first().waitFor()
  await shoot(page, 'life')

  // Work that is with an agent is taken back.
  const alan = await find('Alan Turing')
  await act(alan.id, 'accept', { agent: 'ada' })
  await page.goto(`${server.url}/wallboard/interactions/${alan.id}`)
  await page.getByText('ada was chosen.').waitFor()
  await page.getByRole('button', { name: 'Requeue…' }).click()
  await dialog.getByRole('button', { name: 'Requeue' }).click()
  await page.getByRole('row', { name: /Requeued: a supervisor wanted it so sue/ }).waitFor()

  // Assign, and a presence.
  await page.getByRole('button', { name: 'Assign to an agent…' }).click()
  await dialog.getByRole('combobox', { name: 'Agent' }).fill('Bo')
  await page.getByRole('option', { name: /Bo Diddley: Lunch/ }).click()
  await dialog.getByRole('button', { name: 'Assign to an agent' }).click()
  await page.getByRole('row', { name: /Assigned to bo sue/ }).waitFor()
  await page.getByRole('link', { name: 'Back to the wallboard' }).click()
  await page.getByRole('button', { name: 'Lunch: change the presence of Bo Diddley' }).click()
  await dialog.getByRole('radio', { name: 'Ready' }).check()
  assert.deepEqual(await axe(page), [])
  await shoot(page, 'presence')
  await dialog.getByRole('button', { name: 'Change' }).click()
  await agents.getByRole('row', { name: /Bo Diddley/ }).getByRole('link', { name: 'Offered: Alan Turing' }).waitFor()
  assert.deepEqual(page.faults, [])
})

test('the big screen has no shell; dark and small screens are as good', async () => {
  await dispatch('Ada Yonath', 'Cases')
  const page = await openPage(browser, server, { viewport: { width: 1920, height: 1080 }, colorScheme: 'dark' })
  await signIn(page, server, 'acme', 'sue', 'sue-sue-sue')
  await page.getByRole('region', { name: 'Agents' }).waitFor()
  await page.locator('.uplot canvas').waitFor()
  assert.deepEqual(await axe(page), [])
  await shoot(page, 'wallboard-dark')
  await page.keyboard.press('f')
  await page.waitForURL(/screen=big/)
  await page.getByRole('navigation').waitFor({ state: 'hidden' })
  await page.getByRole('row', { name: /Ada Lovelace/ }).waitFor()
  assert.deepEqual(await axe(page), [])
  await shoot(page, 'wallboard-big')
  await page.getByRole('button', { name: 'Leave big screen' }).click()
  await page.getByRole('navigation').waitFor()

  await page.getByRole('button', { name: 'View' }).click()
  await page.getByRole('menuitemcheckbox', { name: 'Key F switches the big screen' }).click()
  await page.keyboard.press('Escape')
  await page.keyboard.press('f')
  assert.ok(!page.url().includes('screen=big'), 'the key is off')

  await page.setViewportSize({ width: 380, height: 800 })
  assert.deepEqual(await axe(page), [])
  assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), 'the page itself does not scroll sideways')
  await shoot(page, 'wallboard-phone')
  await page.goto(`${server.url}/wallboard/interactions/${(await find('Ada Yonath')).id}`)
  await page.getByRole('heading', { name: 'Why', exact: true }).waitFor()
  await page.getByText('Dispatched to route Cases').waitFor()
  assert.deepEqual(await axe(page), [])
  assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), 'nor does this one')
  await shoot(page, 'life-phone-dark')
  assert.deepEqual(page.faults, [])
})
