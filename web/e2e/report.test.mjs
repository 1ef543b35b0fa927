// A supervisor looks at what happened, in Chromium over the real binary with a clock that the test moves.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, test } from 'node:test'

import { axe, client, openPage, shoot, signIn, startBrowser, startServer } from './rig.mjs'

const scopes = ['interactions:write', 'interactions:read', 'agents:write', 'config:write', 'config:read']
const account = `
account: acme
settings: {grace: 0s}
presences: [{name: Lunch, category: ExtendedAway}]
agents:
  - {username: ada, name: Ada Lovelace, password: ada-ada-ada}
  - {username: bo, password: bo-bo-bo-bo}
  - {username: sue, password: sue-sue-sue, roles: [supervisor]}
plans:
  - {name: Cases, start: q, applets: {q: {type: queue, target: 60s, ring: 600s, wrap: 60s}}}
  - {name: Sales, start: q, applets: {q: {type: queue, duration: 60s, on: {duration: ""}, groups: [nobody]}}}
groups: [nobody]
routes: [{name: Cases, plan: Cases}, {name: Sales, plan: Sales}]
clients: [{id: crm, secret: crm-secret-for-tests, scopes: ["${scopes.join('", "')}"]}]
`
let server, browser, call, day

before(async () => {
  server = await startServer(account, { args: ['--clock', 'manual'] })
  browser = await startBrowser()
  call = await client(server, 'crm', 'crm-secret-for-tests', scopes.join(' '))
  await work()
})
after(async () => {
  await browser?.close()
  await server?.stop()
})

const advance = (seconds) => call('POST', '/v1/clock', { advance: seconds })
const invoke = (request) => call('POST', '/interactions/invoke', { requests: [request] })
const dispatch = (externalid, route = 'Cases') => invoke({ requestId: externalid, externalid, route })
const find = async (externalid) => (await call('GET', `/v1/interactions?externalid=${externalid}`)).items[0].id
const act = async (externalid, what) => call('POST', `/v1/interactions/${await find(externalid)}/${what}`, { agent: 'ada' })

// The day after the server began, from ten o'clock on in Lagos, where clocks never change: one interaction answered after 10 s
// and worked on for 2 min with 30 s of wrap-up, one after 5 min, one given up, one that left by an exit.
async function work() {
  const { now } = await call('GET', '/v1/clock')
  day = new Date(Date.parse(now) + 86_400_000).toISOString().slice(0, 10)
  await advance((Date.parse(`${day}T09:00:00Z`) - Date.parse(now)) / 1000)
  await call('PUT', '/v1/agents/ada/presence', { presence: 'Ready' })
  await dispatch('one')
  await dispatch('two')
  await dispatch('three')
  await dispatch('four', 'Sales')
  await advance(10)
  await act('one', 'accept')
  await advance(120)
  await act('one', 'release')
  await advance(30)
  await act('one', 'complete')
  await invoke({ action: 'release', externalid: 'three' })
  await advance(140)
  await act('two', 'accept')
  await advance(3600)
  await act('two', 'release')
  await act('two', 'complete')
  await call('PUT', '/v1/agents/ada/presence', { presence: 'Lunch' })
  await advance(900)
}

async function open(options = {}) {
  const page = await openPage(browser, server, { timezoneId: 'Africa/Lagos', acceptDownloads: true, ...options })
  await signIn(page, server, 'acme', 'sue', 'sue-sue-sue')
  return page
}

// The cells of a row, after its head.
async function cells(page, table, row) {
  const found = page.getByRole('table', { name: table }).getByRole('row', { name: row })
  await found.first().waitFor()
  return found.first().getByRole('cell').allInnerTexts()
}

async function fits(page) {
  const [wide, room] = await page.evaluate(() => [document.documentElement.scrollWidth, document.documentElement.clientWidth])
  assert.ok(wide <= room, `the page is ${wide} px wide in ${room} px`)
}

test('a supervisor reads what happened in queues, and takes it along', async () => {
  const page = await open({ colorScheme: 'light' })
  await page.getByRole('navigation').getByRole('link', { name: 'Reports' }).click()
  await page.goto(`${server.url}/reports?from=${day}&to=${day}&interval=15m`)
  //                                                    offered, answered, abandoned, breakouts, level, all, mean, 50, 90, 95 %, longest, handled, handle, wrap
  assert.deepEqual(await cells(page, 'Figures of each queue', 'Cases/q'),
    ['3', '2', '1', '0', '33.3%', '33.3%', '2:35', '0:10', '5:00', '5:00', '5:00', '2', '31:15', '0:30'])
  assert.deepEqual((await cells(page, 'Figures of each queue', 'Sales/q')).slice(0, 6), ['1', '0', '0', '1', '–', '0%'])
  await page.getByRole('img', { name: /^Offered, answered, abandoned in 96 intervals/ }).waitFor()
  assert.equal(await page.locator('.report-chart canvas').count(), 3)
  assert.deepEqual(await axe(page), [])
  await shoot(page, 'report-queues')

  await page.getByLabel('Queue', { exact: true }).selectOption('Cases/q')
  assert.deepEqual((await cells(page, 'Figures of Cases/q by interval', /10:00/)).slice(0, 3), ['3', '2', '1'])
  assert.deepEqual((await cells(page, 'Figures of Cases/q by interval', /11:00/)).slice(11, 13), ['1', '1:00:00'])
  assert.deepEqual(await axe(page), [])

  const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('link', { name: 'Download CSV' }).click()])
  assert.equal(download.suggestedFilename(), `queues-${day.replaceAll('-', '')}.csv`)
  const lines = readFileSync(await download.path(), 'utf8').trimEnd().split('\r\n')
  assert.equal(lines.length, 97)
  assert.match(lines[0], /^start,end,queue,route,offered,answered,intarget/)
  const ten = lines.find((line) => line.startsWith(`${day}T10:00:00.000+01:00`))
  assert.match(ten ?? '', /,Cases\/q,,3,2,1,1,1,0,0\.333,/)
  assert.deepEqual(page.faults, [])
})

test('a supervisor reads what agents did, in the dark', async () => {
  const page = await open({ colorScheme: 'dark' })
  await page.goto(`${server.url}/reports?from=${day}&to=${day}`)
  await page.getByText('Agents', { exact: true }).click()
  //                                     offers, connected, declined, no answer, handled, handle, wrap, logged in, ready, away, extended away, busy, occupancy
  const figures = await cells(page, 'Figures of each agent', 'ada')
  assert.deepEqual(figures.slice(0, 5), ['3', '2', '0', '0', '2'])
  assert.deepEqual(figures.slice(7), ['1:20:00', '1:05:00', '0:00', '15:00', '1:05:00', '81.3%'])
  await page.getByLabel('Agent', { exact: true }).selectOption('ada')
  await page.getByRole('img', { name: /^Time by presence in 48 intervals/ }).waitFor()
  await page.getByRole('table', { name: 'Figures of ada by interval' }).waitFor()
  assert.deepEqual(await axe(page), [])
  await shoot(page, 'report-agent-dark')
  assert.deepEqual(page.faults, [])
})

test('reports fit a phone, and say when there is nothing', async () => {
  const page = await open({ viewport: { width: 360, height: 740 } })
  await page.goto(`${server.url}/reports?of=interactions&from=${day}&to=${day}`)
  const rows = page.getByRole('table', { name: /^Interactions dispatched/ }).getByRole('row')
  await rows.nth(4).waitFor()
  assert.equal(await rows.count(), 5)
  await fits(page)
  assert.deepEqual(await axe(page), [])
  await shoot(page, 'report-interactions-phone')
  await page.goto(`${server.url}/reports?from=${day}&to=${day}`)
  await page.getByRole('table', { name: 'Figures of each queue' }).waitFor()
  await fits(page)
  await shoot(page, 'report-queues-phone')
  await page.goto(`${server.url}/reports?from=2020-01-01&to=2020-01-31`)
  await page.getByText('Nothing happened in this range.').first().waitFor()
  assert.deepEqual(await axe(page), [])
  await page.goto(`${server.url}/reports?from=2020-01-01&to=2020-12-31&interval=15m`)
  await page.getByRole('alert').getByText('more than 2000 intervals').waitFor()
  assert.deepEqual(await axe(page), [])
  assert.deepEqual(page.faults, [])
})

test('an agent has no reports', async () => {
  const page = await openPage(browser, server)
  await signIn(page, server, 'acme', 'ada', 'ada-ada-ada')
  assert.equal(await page.getByRole('link', { name: 'Reports' }).count(), 0)
  await page.goto(`${server.url}/reports`)
  await page.getByText('There is no such page').waitFor()
})
