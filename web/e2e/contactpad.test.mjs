// Agents at work, in Chromium over the real binary.
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'

import { axe, client, openPage, shoot, signIn, startBrowser, startServer } from './rig.mjs'

const account = `
account: acme
settings: {grace: 0s, noanswer: 60s}
presences: [{name: Lunch, category: Away}]
dispositions: [Solved, Called back]
skills: [billing, german]
agents:
  - {username: ada, name: Ada Lovelace, password: ada-ada-ada, skills: {billing: 8}}
  - {username: bo, name: Bo Derek, password: bo-bo-bo-bo, skills: {billing: 3}}
  - {username: cy, name: Cy Young, password: cy-cy-cy-cy}
  - {username: di, name: Di Prince, password: di-di-di-di, skills: {german: 5}}
plans:
  - {name: Cases, start: q, applets: {q: {type: queue, ring: 60s, wrap: 60s, disposition: true}}}
  - {name: Brief, start: q, applets: {q: {type: queue, ring: 2s}}}
  - {name: Quick, start: q, applets: {q: {type: queue, ring: 60s}}}
routes: [{name: Cases, plan: Cases}, {name: Quick, plan: Quick}, {name: Complaints, plan: Quick}, {name: Brief, plan: Brief}]
clients: [{id: crm, secret: crm-secret-for-tests, scopes: ["interactions:write", "agents:write"]}]
`
let server, browser, call, present, numbers = 0

before(async () => {
  server = await startServer(account)
  browser = await startBrowser()
  call = await client(server, 'crm', 'crm-secret-for-tests', 'interactions:write')
  present = await client(server, 'crm', 'crm-secret-for-tests', 'agents:write')
})
after(async () => {
  await browser?.close()
  await server?.stop()
})

/** Everybody but those who are named is logged out, so that each test has its own people. */
async function staff(...names) {
  for (const name of ['ada', 'bo', 'cy', 'di']) {
    await present('PUT', `/v1/agents/${name}/presence`, { presence: names.includes(name) ? 'Ready' : 'Logged Out' })
  }
}

async function enter(name, { provider, route = 'Cases', linkeddata = [], ...more } = {}) {
  const request = { requestId: `r${++numbers}`, externalId: `x${numbers}`, route, linkeddata: [{ type: 'name', value: name }, ...linkeddata], ...more }
  assert.deepEqual(await call('POST', '/interactions/invoke', { ...(provider ? { provider } : {}), requests: [request] }), [])
  return request.externalId
}

async function desk(username, options) {
  const page = await openPage(browser, server, options)
  if (options?.signedIn) await page.goto(server.url)
  else await signIn(page, server, 'acme', username, { ada: 'ada-ada-ada', bo: 'bo-bo-bo-bo', cy: 'cy-cy-cy-cy', di: 'di-di-di-di' }[username])
  await page.getByRole('heading', { name: 'Your work' }).waitFor()
  return page
}

const cardOf = (page, name) => page.getByRole('article', { name })

/** Presses a button of a card with the keyboard and waits for the state it leads to. */
async function press(card, button, state) {
  await card.getByRole('button', { name: new RegExp(`^${button}: `) }).press('Enter')
  if (state) await card.getByText(state, { exact: true }).waitFor()
}

test('an agent takes, parks, retrieves, releases and wraps up work; two pages of it agree', async () => {
  await staff()
  const page = await desk('ada')
  const second = await desk('ada', { context: page.context(), signedIn: true })
  await page.getByText('Nothing is with you').waitFor()
  assert.deepEqual(await axe(page), [])
  await shoot(page, 'pad-empty')
  await page.getByRole('button', { name: 'Ready', exact: true }).click()
  await page.getByText('What is offered to you appears here').waitFor()
  await second.getByText('What is offered to you appears here').waitFor()

  await enter('Grace Hopper', {
    linkeddata: [{ type: 'clid', value: '+4412345' }, { type: 'mediatype', value: 'Case' },
      { type: 'url', label: 'Case 7', value: 'https://crm.example.com/7' },
      { type: 'url', label: 'No address' }, { type: 'url', label: 'Script', value: 'javascript:alert(1)' },
      { type: 'interactionproperty', key: 'Order', value: '4711' }],
    routingdata: { skills: [{ name: 'billing' }, { name: 'german', expiryafter: 0 }] },
  })
  const card = cardOf(page, 'Grace Hopper'), twin = cardOf(second, 'Grace Hopper')
  await card.getByText('4711').waitFor()
  await card.getByText('billing, german (preferred)').waitFor()
  await card.getByText(/left to accept/).waitFor()
  assert.equal(await card.getByRole('link').count(), 1, 'only http, https, mailto and tel are links')
  assert.match(await page.locator('[data-announcer]').innerText(), /Offer: Grace Hopper, Cases\. (1:00|0:59|0:58) to accept it\./)
  assert.equal(await page.title(), '(1) Offered - ContactPad')
  assert.deepEqual(await axe(page), [])
  await shoot(page, 'pad-offered')

  await twin.waitFor()
  await press(card, 'Accept', 'Connected')
  await twin.getByText('Connected', { exact: true }).waitFor()
  assert.equal(await page.evaluate(() => document.activeElement.dataset.card !== undefined), true, 'the focus stays with the card')
  await card.getByLabel('Notes: Grace Hopper').fill('Wants her refund')
  await card.getByText('Saved', { exact: true }).waitFor()
  await twin.getByText('Wants her refund').waitFor()
  await press(card, 'Park')
  await page.getByRole('region', { name: 'Parked' }).getByRole('article', { name: 'Grace Hopper' }).waitFor()
  assert.equal(await page.evaluate(() => document.activeElement.dataset.card !== undefined), true, 'the focus goes with the card')
  assert.deepEqual(await axe(page), [])
  await shoot(page, 'pad-parked')
  await press(card, 'Retrieve', 'Connected')
  await press(card, 'Release', 'Wrap-up')
  await card.getByText(/^(1:00|0:5\d) left$/).waitFor()
  await press(card, '\\+30 s')
  await card.getByText(/^1:[012]\d left$/).waitFor()
  await twin.getByLabel('Notes: Grace Hopper').fill('Wants her refund. Sent.')
  await card.getByText('Wants her refund. Sent.').waitFor()

  await press(card, 'Complete')
  await card.getByText('A disposition is needed').waitFor()
  assert.deepEqual(await axe(page), [])
  await shoot(page, 'pad-wrap')
  await card.getByLabel('Disposition: Grace Hopper').selectOption('Solved')
  await press(card, 'Complete')
  for (const one of [page, second]) {
    await one.getByText('Nothing is with you').waitFor()
    const today = one.getByRole('region', { name: 'Today' })
    await today.getByText('Grace Hopper').waitFor()
    await today.getByText('Solved').waitFor()
    assert.deepEqual(one.faults, [])
  }
  assert.equal(await page.evaluate(() => document.activeElement.id), 'pad-work', 'the focus goes to the heading when no card is left')
})

test('a presence chosen while working comes after the work', async () => {
  await staff('ada')
  const page = await desk('ada')
  await enter('Kay', { route: 'Quick', routingdata: { interactiontype: 'live' } })
  const card = cardOf(page, 'Kay')
  await press(card, 'Accept', 'Connected')
  await press(card, 'Hold', 'Held')
  await card.getByText(/^0:0\d$/).first().waitFor()
  await press(card, 'Retrieve', 'Connected')
  await page.getByRole('button', { name: 'Lunch' }).click()
  await page.getByText('Lunch after this').waitFor()
  await page.getByRole('button', { name: 'Lunch', pressed: false }).waitFor()
  assert.deepEqual(await axe(page), [])
  await press(card, 'Release')
  await page.getByRole('button', { name: 'Lunch', pressed: true }).waitFor()
  await page.getByText('Choose a Ready presence').waitFor()
  assert.deepEqual(page.faults, [])
})

test('an agent who missed an offer is told so, and comes back', async () => {
  await staff('ada')
  const page = await desk('ada')
  const id = await enter('Missed', { route: 'Brief' })
  await cardOf(page, 'Missed').waitFor()
  await page.getByText('You missed an offer').waitFor()
  await page.getByText(/Back in (1:00|0:5\d)/).waitFor()
  assert.deepEqual(await axe(page), [])
  await shoot(page, 'pad-no-answer')
  await call('POST', '/interactions/invoke', { requests: [{ action: 'release', externalId: id }] })
  await page.getByRole('button', { name: 'Ready', exact: true }).click()
  await page.getByText('You missed an offer').waitFor({ state: 'detached' })
  assert.deepEqual(page.faults, [])
})

test('work goes from one agent to another, who has its notes', async () => {
  await staff('ada')
  const ada = await desk('ada')
  await enter('Alan Turing', { route: 'Quick' })
  const card = cardOf(ada, 'Alan Turing')
  await press(card, 'Accept', 'Connected')
  await card.getByLabel('Notes: Alan Turing').pressSequentially('Asks about machines')
  await present('PUT', '/v1/agents/bo/presence', { presence: 'Ready' })
  const bo = await desk('bo')
  await press(card, 'Transfer')
  const dialog = ada.getByRole('dialog', { name: 'Transfer Alan Turing' })
  await dialog.getByRole('button', { name: /Bo Derek/ }).waitFor()
  assert.match(await dialog.getByRole('listitem').first().innerText(), /Bo Derek[^]*Free/, 'who is free stands first')
  assert.deepEqual(await axe(ada), [])
  await shoot(ada, 'pad-transfer')
  await dialog.getByLabel('Search').fill('nobody')
  await dialog.getByText('No other agent has this in the name.').waitFor()
  await dialog.getByLabel('Search').fill('dere')
  await dialog.getByRole('button', { name: /Bo Derek/ }).click()
  await ada.getByText('Nothing is with you').waitFor()
  const arrived = cardOf(bo, 'Alan Turing')
  await press(arrived, 'Accept', 'Connected')
  assert.equal(await arrived.getByLabel('Notes: Alan Turing').inputValue(), 'Asks about machines')

  await present('PUT', '/v1/agents/ada/presence', { presence: 'Logged Out' })
  await press(arrived, 'Transfer')
  await bo.getByRole('tab', { name: 'Routes' }).click()
  await bo.getByRole('dialog').getByRole('button', { name: 'Complaints' }).click()
  await cardOf(bo, 'Alan Turing').getByText('Complaints').waitFor()
  await press(cardOf(bo, 'Alan Turing'), 'Accept', 'Connected')
  await press(cardOf(bo, 'Alan Turing'), 'Release')
  await bo.getByText('Nothing is with you').waitFor()
  assert.deepEqual([...ada.faults, ...bo.faults], [])
})

test('what a provider does not permit is absent, and the menu says why', async () => {
  await call('POST', '/interactions/register', { provider: 'Crm', agentactionspermitted: { hold: 1, transferToRoute: 1 } })
  await staff('cy')
  const page = await desk('cy')
  await enter('Ida', { provider: 'Crm', route: 'Quick' })
  const card = cardOf(page, 'Ida')
  await press(card, 'Accept', 'Connected')
  await card.getByRole('button', { name: /^Park: / }).waitFor()
  assert.equal(await card.getByRole('button', { name: /^Release: / }).count(), 0)
  const menu = card.getByRole('button', { name: 'Menu of Ida' })
  const why = 'Release: provider "Crm" does not permit agents to release its interactions'
  for (const look of [() => menu.hover(), () => menu.focus()]) {
    await look()
    await page.getByRole('tooltip').getByText(why).waitFor()
    await page.mouse.move(0, 0)
    await menu.blur()
    await page.getByRole('tooltip').waitFor({ state: 'hidden' })
  }
  await menu.press('Enter')
  await page.getByRole('menuitem', { name: /^Release/ }).waitFor()
  assert.equal(await page.getByRole('menuitem', { name: /^Transfer to a route/ }).count(), 0)
  assert.deepEqual(await axe(page), [])
  await shoot(page, 'pad-permission')
  await page.keyboard.press('Escape')
  await press(card, 'Transfer')
  await page.getByRole('tab', { name: 'Routes' }).waitFor()
  assert.equal(await page.getByRole('tab', { name: 'Agents' }).count(), 0)
  await page.keyboard.press('Escape')
  await call('POST', '/interactions/invoke', { provider: 'Crm', requests: [{ action: 'release', externalId: `x${numbers}` }] })
  await page.getByText('Nothing is with you').waitFor()
  assert.deepEqual(page.faults, [])
})

test('everything is done with keys, which can be turned off', async () => {
  await staff('di')
  const page = await desk('di')
  await page.keyboard.press('?')
  const help = page.getByRole('dialog', { name: 'Keyboard' })
  await help.getByText('Next card').waitFor()
  assert.deepEqual(await axe(page), [])
  await shoot(page, 'pad-keys')
  await page.keyboard.press('Escape')
  await help.waitFor({ state: 'detached' })
  await enter('Key', { route: 'Quick' })
  const card = cardOf(page, 'Key')
  await card.waitFor()
  await page.keyboard.press('j')
  for (const [key, state] of [['a', 'Connected'], ['h', 'Parked'], ['g', 'Connected']]) {
    await page.keyboard.press(key)
    await card.getByText(state, { exact: true }).first().waitFor()
  }
  await page.keyboard.press('n')
  await page.keyboard.type('right')
  await card.getByText('Saved', { exact: true }).waitFor()
  assert.equal(await card.getByLabel('Notes: Key').inputValue(), 'right', 'letters that are typed release nothing')
  await card.focus()
  await page.keyboard.press('?')
  await help.getByRole('switch', { name: 'Shortcuts are on' }).click()
  await page.keyboard.press('Escape')
  await help.waitFor({ state: 'detached' })
  await card.focus()
  await page.keyboard.press('r')
  await enter('Another', { route: 'Quick' })
  await cardOf(page, 'Another').waitFor()
  await card.getByText('Connected', { exact: true }).waitFor()
  await page.getByRole('button', { name: 'Keyboard' }).click()
  await help.getByRole('switch', { name: 'Shortcuts are on' }).click()
  await page.keyboard.press('Escape')
  await help.waitFor({ state: 'detached' })
  await card.focus()
  await page.keyboard.press('r')
  await card.waitFor({ state: 'detached' })
  assert.equal(await page.evaluate(() => document.activeElement.dataset.card !== undefined), true, 'the focus goes to the card that is left')
  await page.keyboard.press('d')
  await page.getByText('Nothing is with you').waitFor()
  await call('POST', '/interactions/invoke', { requests: [{ action: 'release', externalId: `x${numbers}` }] })
  assert.deepEqual(page.faults, [])
})

test('an offer sounds, and notifies while the page is hidden, as the agent wishes', async () => {
  await staff()
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, reducedMotion: 'reduce', permissions: ['notifications'] })
  await context.addInitScript(() => {
    window.heard = { tones: 0, notified: [], asked: 0 }
    const start = OscillatorNode.prototype.start
    OscillatorNode.prototype.start = function (...when) {
      window.heard.tones++
      return start.apply(this, when)
    }
    window.Notification = class {
      static permission = 'default'
      static async requestPermission() {
        window.heard.asked++
        return (Notification.permission = 'granted')
      }
      constructor(title) { window.heard.notified.push(title) }
      close() { window.heard.notified.push('closed') }
    }
    let hidden = false
    Object.defineProperty(document, 'hidden', { get: () => hidden })
    window.hide = (now) => { hidden = now }
  })
  const page = await desk('ada', { context })
  assert.equal(await page.evaluate(() => window.heard.asked), 0, 'nobody is asked on load')
  await page.getByLabel('Notifications').click()
  await page.getByRole('switch', { name: 'Notifications', checked: true }).waitFor()
  await page.getByRole('button', { name: 'Ready', exact: true }).click()
  await page.evaluate(() => window.hide(true))
  await enter('Ring', { route: 'Quick' })
  await cardOf(page, 'Ring').waitFor()
  await page.waitForFunction(() => window.heard.tones >= 2)
  assert.deepEqual(await page.evaluate(() => window.heard.notified), ['Offer: Ring'])
  await page.evaluate(() => window.hide(false))
  await page.getByLabel('Sound').click()
  await press(cardOf(page, 'Ring'), 'Accept', 'Connected')
  await page.waitForFunction(() => window.heard.notified.length === 2)
  const tones = await page.evaluate(() => window.heard.tones)
  await enter('Silent', { route: 'Quick' })
  await cardOf(page, 'Silent').getByText(/left to accept/).waitFor()
  assert.equal(await page.evaluate(() => window.heard.tones), tones)
  assert.equal(await page.evaluate(() => localStorage.getItem('switchyard.sound')), 'false')
  for (const name of ['Silent', 'Ring']) {
    if (name === 'Silent') await press(cardOf(page, name), 'Accept', 'Connected')
    await press(cardOf(page, name), 'Release')
  }
  await page.getByText('Nothing is with you').waitFor()
  assert.deepEqual(page.faults, [])
})

test('it is usable on a phone and in the dark, and loses no card with the connection', async () => {
  await staff('ada')
  const page = await desk('ada', { viewport: { width: 390, height: 844 }, colorScheme: 'dark', reducedMotion: 'reduce' })
  await enter('Mary', { route: 'Quick', linkeddata: [{ type: 'clid', value: '+4912345' }, { type: 'url', label: 'Open the case', value: 'https://crm.example.com/1' }] })
  await press(cardOf(page, 'Mary'), 'Accept', 'Connected')
  await enter('Nell', { linkeddata: [{ type: 'clid', value: '+4967890' }] })
  await cardOf(page, 'Nell').waitFor()
  assert.deepEqual(await axe(page), [])
  assert.equal(await page.evaluate(() => document.documentElement.scrollWidth <= 390), true, 'nothing is wider than the phone')
  await shoot(page, 'pad-phone')
  await page.setViewportSize({ width: 1280, height: 800 })
  assert.deepEqual(await axe(page), [])
  await shoot(page, 'pad-dark')

  const notes = cardOf(page, 'Mary').getByLabel('Notes: Mary')
  await server.kill()
  await page.getByText('Connection lost').waitFor({ timeout: 5000 })
  await notes.fill('typed while nobody hears')
  await cardOf(page, 'Mary').getByText('Not saved').waitFor()
  await cardOf(page, 'Nell').waitFor()
  await server.start(server.port)
  await page.getByText('Connected again').waitFor({ timeout: 10_000 })
  await cardOf(page, 'Mary').getByText('Saved', { exact: true }).waitFor({ timeout: 10_000 })
  assert.equal(await notes.inputValue(), 'typed while nobody hears')
  await press(cardOf(page, 'Mary'), 'Release')
  await cardOf(page, 'Mary').waitFor({ state: 'detached' })
})

test("another agent's page shows nothing of it", async () => {
  await staff('ada')
  const page = await desk('bo')
  await enter('Private', { route: 'Quick' })
  assert.equal(await page.getByRole('article').count(), 0)
  assert.deepEqual(page.faults, [])
})

test('the first load of ContactPad is at most 350 KB compressed', async () => {
  const dist = fileURLToPath(new URL('../../internal/web/dist', import.meta.url))
  const page = await openPage(browser, server)
  const loaded = new Set()
  page.on('response', (response) => {
    const { pathname } = new URL(response.url())
    if (pathname.startsWith('/assets/')) loaded.add(pathname)
  })
  await signIn(page, server, 'acme', 'ada', 'ada-ada-ada')
  await page.getByRole('heading', { name: 'Your work' }).waitFor()
  assert.ok(loaded.size > 3 && loaded.size < readdirSync(path.join(dist, 'assets')).length)
  const bytes = [...loaded].reduce((sum, name) => sum + gzipSync(readFileSync(path.join(dist, name))).length, 0)
  console.log(`first load of ContactPad: ${(bytes / 1024).toFixed(0)} KB compressed`)
  assert.ok(bytes <= 350 * 1024, `${bytes} bytes`)
})
