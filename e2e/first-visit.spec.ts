import { gzipSync } from 'node:zlib'
import type { Response } from '@playwright/test'
import { expect, test } from './fixtures.ts'

/** The budget of the first paint: gzip bytes of script that the page itself loads. */
const SCRIPT_BUDGET = 120 * 1024

/** Words that only these libraries contain. */
const MARKERS = {
  libp2p: /\/ipfs\/id\/1\.0\.0|\/libp2p\/circuit\/relay/,
  '@atproto/api': /tools\.ozone\.moderation/,
}

test('the first paint loads little script, and neither libp2p nor @atproto/api', async ({ page, app }) => {
  const scripts = new Map<string, Response>()
  page.on('response', (response) => {
    const request = response.request()
    if (request.resourceType() === 'script' && request.serviceWorker() === null)
      scripts.set(response.url(), response)
  })
  await page.goto(app.url)
  await expect(page.getByRole('heading', { name: 'Keep a copy of what is yours' })).toBeVisible()
  // What was asked for before the first paint; the engine and the network come after it.
  const early = await page.evaluate(() => {
    const [paint] = performance.getEntriesByName('first-contentful-paint')
    if (paint === undefined) throw new Error('nothing was painted')
    return performance
      .getEntriesByType('resource')
      .filter((entry) => entry.startTime <= paint.startTime)
      .map((entry) => entry.name)
  })
  let bytes = 0
  let count = 0
  for (const [url, response] of scripts) {
    if (!early.includes(url)) continue
    count++
    const text = await response.body()
    for (const [name, marker] of Object.entries(MARKERS))
      expect(marker.test(text.toString('utf8')), `${name} in ${url}`).toBe(false)
    bytes += gzipSync(text).length
  }
  expect(count).toBeGreaterThan(0)
  expect(bytes).toBeLessThanOrEqual(SCRIPT_BUDGET)
})

test('the shell is there before any script runs', async ({ browser, app }) => {
  const context = await browser.newContext({ javaScriptEnabled: false })
  const page = await context.newPage()
  await page.goto(app.url)
  await expect(page.getByRole('navigation', { name: 'Main' })).toBeVisible()
  await expect(page.getByRole('link', { name: 'Library' })).toBeVisible()
  await context.close()
})

test('a theme chosen against the system’s is there before the app’s own scripts', async ({ page, app }) => {
  await page.emulateMedia({ colorScheme: 'light' })
  const background = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor)
  await page.goto(`${app.url}/settings`)
  const light = await background()
  await page.getByRole('button', { name: 'Dark' }).click()
  const dark = await background()
  expect(dark).not.toBe(light)
  // as on a slow line: the shell and its styles have come, the app has not
  await page.route(/\/assets\/.*\.js$/, (route) => route.abort())
  await page.goto(app.url)
  await expect(page.getByRole('navigation', { name: 'Main' })).toBeVisible()
  await expect(page.locator('main .skeleton')).toHaveCount(1)
  expect(await background()).toBe(dark)
})

test('nothing but the app’s own server is asked before a person asks', async ({ page, app }) => {
  const strangers: string[] = []
  page.context().on('request', (request) => {
    if (new URL(request.url()).origin !== app.url && /^https?:/.test(request.url()))
      strangers.push(request.url())
  })
  await page.goto(app.url)
  await expect(page.getByRole('heading', { name: 'Keep a copy of what is yours' })).toBeVisible()
  for (const path of ['/activity', '/settings', '/open', '/search']) {
    await page.goto(app.url + path)
    await expect(page.getByRole('heading', { level: 1 })).toBeVisible()
  }
  expect(strangers).toEqual([])
})

test('can be installed: a manifest with icons, a worker, and CAR files handled', async ({ page, app }) => {
  await page.goto(app.url)
  const session = await page.context().newCDPSession(page)
  const { errors, data } = await session.send('Page.getAppManifest')
  expect(errors).toEqual([])
  const manifest = JSON.parse(data ?? '{}') as { file_handlers?: unknown; icons?: { src: string }[] }
  expect(manifest.file_handlers).toEqual([expect.objectContaining({ action: '/open' })])
  for (const { src } of manifest.icons ?? [])
    expect((await page.request.get(app.url + src)).status(), src).toBe(200)
  await page.evaluate(() => navigator.serviceWorker.ready.then(() => undefined))
  const { installabilityErrors } = await session.send('Page.getInstallabilityErrors')
  // a private window, which every test is, is never offered an install
  expect(installabilityErrors.filter(({ errorId }) => errorId !== 'in-incognito')).toEqual([])
})

test('a worker whose first installation is cut off is installed when the server is back', async ({
  page,
  startRelay,
}) => {
  const relay = await startRelay()
  await page.clock.install()
  const begun = page.context().waitForEvent('serviceworker')
  await page.goto(relay.url)
  await begun
  await relay.stop()
  const registration = () =>
    page.evaluate(async () => (await navigator.serviceWorker.getRegistration()) !== undefined)
  await expect.poll(registration).toBe(false)
  await relay.start()
  await page.clock.runFor('01:00')
  await page.evaluate(() => navigator.serviceWorker.ready.then(() => undefined))
})

test('a page that no worker took over asks the one that is there to', async ({ cairn }) => {
  const { page } = cairn
  await cairn.open('/')
  await cairn.installed()
  const session = await page.context().newCDPSession(page)
  // As with the shift key held: the page is loaded past the worker.
  await session.send('Page.reload', { ignoreCache: true })
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible()
  await cairn.installed()
})

test('a part of the app that does not come is said, and comes with a reload', async ({
  page,
  app,
  complaints,
}) => {
  await page.route(/assets\/settings-.*\.js/, (route) => route.abort())
  await page.goto(`${app.url}/settings`)
  await expect(page.getByRole('alert')).toContainText('A part of the app did not load.')
  await page.unrouteAll()
  await page.getByRole('button', { name: 'Reload' }).click()
  await expect(page.getByRole('heading', { level: 1, name: 'Settings' })).toBeVisible()
  expect(complaints).toEqual([])
})

test('inline script, eval and framing are refused by the policy', async ({ page, app, complaints }) => {
  const response = await page.goto(app.url)
  const policy = response?.headers()['content-security-policy'] ?? ''
  expect(policy).toContain("default-src 'none'")
  expect(policy).not.toContain("'unsafe-inline'")
  expect(policy).not.toContain("'unsafe-eval'")
  expect(policy).toContain("frame-ancestors 'none'")
  const refused = await page.evaluate(
    () =>
      new Promise<string>((resolve) => {
        document.addEventListener('securitypolicyviolation', (event) => resolve(event.violatedDirective))
        const script = document.createElement('script')
        script.textContent = 'document.title = "owned"'
        document.head.append(script)
      }),
  )
  expect(refused).toContain('script-src')
  expect(await page.title()).not.toBe('owned')
  // this one was asked for
  await expect.poll(() => complaints.length).toBeGreaterThan(0)
  complaints.length = 0
})
