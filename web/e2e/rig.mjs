// What the browser tests stand on: the real binary on a folder of its own, and Debian's Chromium.
//
//   SWITCHYARD  the binary; without it, one is built
//   CHROMIUM    the browser; /usr/bin/chromium
//   SHOTS       where screenshots go; web/e2e/shots
import { spawn, execFileSync } from 'node:child_process'
import { mkdtempSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { AxeBuilder } from '@axe-core/playwright'
import { chromium } from 'playwright-core'

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..')
const shots = process.env.SHOTS ?? path.join(root, 'web/e2e/shots')

let built
function binary() {
  if (process.env.SWITCHYARD) return process.env.SWITCHYARD
  built ??= path.join(mkdtempSync(path.join(tmpdir(), 'switchyard-')), 'switchyard')
  execFileSync('go', ['build', '-o', built, './cmd/switchyard'], { cwd: root, stdio: 'inherit' })
  return built
}

/** Starts a server on a new folder with an account file (YAML), and answers its address and more. */
export async function startServer(account, { port = 0, args = [] } = {}) {
  const folder = mkdtempSync(path.join(tmpdir(), 'switchyard-e2e-'))
  writeFileSync(path.join(folder, 'account.yaml'), account)
  const server = { folder, args, url: '', process: undefined }
  server.start = (port) => launch(server, port)
  server.kill = () => ended(server.process, 'SIGKILL')
  server.stop = async () => {
    await ended(server.process, 'SIGTERM')
    rmSync(folder, { recursive: true, force: true })
  }
  await server.start(port)
  return server
}

function launch(server, port) {
  const child = spawn(binary(), ['serve', '--data', path.join(server.folder, 'data'), '--listen', `127.0.0.1:${port}`,
    '--account', path.join(server.folder, 'account.yaml'), ...server.args], { stdio: ['ignore', 'pipe', 'pipe'] })
  server.process = child
  return new Promise((resolve, reject) => {
    let said = ''
    const hear = (chunk) => {
      said += chunk
      const found = /http:\/\/127\.0\.0\.1:(\d+)/.exec(said)
      if (!found) return
      server.url = found[0]
      server.port = Number(found[1])
      resolve()
    }
    child.stdout.on('data', hear)
    child.stderr.on('data', hear)
    child.on('exit', (code) => reject(new Error(`the server ended with ${code}: ${said}`)))
  })
}

function ended(child, signal) {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve()
  return new Promise((resolve) => {
    child.once('exit', resolve)
    child.kill(signal)
  })
}

/** Starts Chromium. */
export function startBrowser() {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking',
      '--disable-component-update', '--disable-sync', '--autoplay-policy=no-user-gesture-required'],
  })
}

/** Opens a page that notes what must not happen: errors, broken policy, calls to other hosts. */
export async function openPage(browser, server, options = {}) {
  const context = options.context ?? (await browser.newContext({ viewport: { width: 1280, height: 800 }, reducedMotion: 'reduce', ...options }))
  const page = await context.newPage()
  page.faults = []
  page.on('pageerror', (error) => page.faults.push(`error: ${error.message}`))
  page.on('console', (message) => {
    // What the server refuses is shown to people; the browser notes it as an error as well.
    if (message.type() === 'error' && !message.text().startsWith('Failed to load resource')) page.faults.push(message.text())
  })
  page.on('request', (request) => {
    if (!request.url().startsWith(server.url) && !request.url().startsWith('data:')) page.faults.push(`request to ${request.url()}`)
  })
  return page
}

/** Signs a user in at the sign-in page and waits for the first room. */
export async function signIn(page, server, account, username, password) {
  await page.goto(server.url + '/')
  await page.getByLabel('Account').fill(account)
  await page.getByLabel('Username').fill(username)
  await page.getByLabel('Password', { exact: true }).fill(password)
  await page.getByRole('button', { name: 'Sign in', exact: true }).click()
  await page.waitForURL((url) => url.pathname !== '/sign-in')
}

/** Keeps a screenshot. */
export async function shoot(page, name) {
  mkdirSync(shots, { recursive: true })
  // Hiding the caret would add a style, which the page's policy rightly stops.
  await page.screenshot({ path: path.join(shots, `${name}.png`), caret: 'initial' })
}

/** Answers what axe finds wrong with the page by WCAG 2.2 AA, in a line each. */
export async function axe(page) {
  const { violations } = await new AxeBuilder({ page }).withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']).analyze()
  return violations.flatMap((v) => v.nodes.map((n) => `${v.id}: ${v.help}: ${n.target.join(' ')} ${n.failureSummary ?? ''}`))
}

/** Makes calls of the API as a client, with a token. */
export async function client(server, id, secret, scope) {
  const answer = await fetch(server.url + '/Auth/connect/token', {
    method: 'POST', headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({ grant_type: 'client_credentials', client_id: id, client_secret: secret, scope }),
  })
  const { access_token: token } = await answer.json()
  return async (method, target, body) => {
    const response = await fetch(server.url + target, {
      method, body: body === undefined ? undefined : JSON.stringify(body),
      headers: { Authorization: `Bearer ${token}`, Accept: 'application/vnd.newvoicemedia.v1+json, application/json', ...(body === undefined ? {} : { 'Content-Type': 'application/json' }) },
    })
    const text = await response.text()
    if (!response.ok) throw new Error(`${method} ${target}: ${response.status} ${text}`)
    return text ? JSON.parse(text) : undefined
  }
}
