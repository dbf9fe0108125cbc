import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { BrowserContext, Page, Worker } from '@playwright/test'
import { backgroundScript, syncTag } from '../src/cairn/background-sync.ts'
import { createRelay, type Relay } from '../src/relay/serve.ts'
import { createCairnPage } from './cairn-page.ts'
import { expect, test } from './fixtures.ts'
import { ROOT } from './pds/client.ts'
import { storedRows } from './stored.ts'

const DIST = join(ROOT, 'dist')

/** A copy of the build that a browser must take for the next version: another page, another worker. */
async function nextVersion(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'cairn-next-'))
  await cp(DIST, dir, { recursive: true })
  const index = await readFile(join(dir, 'index.html'), 'utf8')
  await writeFile(
    join(dir, 'index.html'),
    index.replace('</head>', '<meta name="version" content="next"></head>'),
  )
  const worker = await readFile(join(dir, 'service-worker.js'), 'utf8')
  // how the list of files names the page, however it was minified
  const changed = worker.replaceAll(/\{[^{}]*index\.html[^{}]*\}/g, (entry) =>
    entry.replace(/[0-9a-f]{32}/, 'f'.repeat(32)),
  )
  expect(changed, 'the worker precaches the page by revision').not.toBe(worker)
  await writeFile(join(dir, 'service-worker.js'), changed)
  return dir
}

/** Takes from the page the reload that it makes when the new version does not take over in time: its longest timer. */
const onlyByTakingOver = (page: Page): Promise<void> =>
  page.evaluate(() => {
    const { setTimeout } = window
    window.setTimeout = ((run: () => void, ms: number) =>
      ms > 2000 ? 0 : setTimeout(run, ms)) as typeof setTimeout
  })

/** Of two that are there, the one that answers for the pages. */
async function activeWorker(context: BrowserContext): Promise<Worker> {
  for (const worker of context.serviceWorkers()) {
    const state = await worker.evaluate(
      () => (self as unknown as { serviceWorker: ServiceWorker }).serviceWorker.state,
    )
    if (state === 'activated') return worker
  }
  throw new Error('no service worker is active')
}

test.describe('a new version of the app', () => {
  let relay: Relay
  let next: string

  test.beforeEach(async () => {
    next = await nextVersion()
    relay = await createRelay({ port: 0, host: '127.0.0.1', dist: DIST })
  })
  test.afterEach(async () => {
    await relay.close()
    await rm(next, { recursive: true, force: true })
  })

  const deploy = async (): Promise<void> => {
    const { port } = relay
    await relay.close()
    relay = await createRelay({ port, host: '127.0.0.1', dist: next })
  }

  test('asks before it takes over; what is kept and where one is stays', async ({
    page,
    pds,
    newAccount,
  }) => {
    const cairn = createCairnPage(page, { app: relay.url.replace(/\/$/, ''), pds: pds.url, plc: pds.plc })
    const account = await newAccount()
    await cairn.setUp()
    await cairn.backUp(account, { records: 41 })
    await page.evaluate(() => navigator.serviceWorker.ready.then(() => undefined))
    const kept = await storedRows(page, ['repos', 'settings'])

    await deploy()
    await cairn.openRepo(account.did, 'records')
    const marker = page.locator('meta[name=version]')
    await expect(page.getByText('A new version is ready.')).toBeVisible()
    await expect(marker).toHaveCount(0)
    await page.reload()
    await expect(page.getByText('A new version is ready.')).toBeVisible()
    await expect(marker, 'a reload alone does not bring it').toHaveCount(0)

    // requests that the old version's worker is started again for, in the middle of its end
    await page.evaluate(() => {
      document.addEventListener('click', () => {
        const asking = setInterval(() => void fetch('/relay.json'), 5)
        setTimeout(() => clearInterval(asking), 300)
      })
    })
    await page.getByRole('button', { name: 'Reload' }).click()
    await expect(marker).toHaveCount(1)
    await expect(page.getByRole('row').filter({ hasText: 'app.bsky.feed.post' })).toBeVisible()
    expect(await storedRows(page, ['repos', 'settings'])).toBe(kept)
  })

  test('takes over at once, though the browser has the old version’s worker sync just then', async ({
    page,
    pds,
    newAccount,
  }) => {
    const cairn = createCairnPage(page, { app: relay.url.replace(/\/$/, ''), pds: pds.url, plc: pds.plc })
    await cairn.setUp()
    await cairn.backUp(await newAccount(), { records: 41 })
    await page.evaluate(() => navigator.serviceWorker.ready.then(() => undefined))
    await deploy()
    await cairn.open('/')
    await expect(page.getByRole('button', { name: 'Reload' })).toBeVisible()
    const old = await activeWorker(page.context())
    await old.evaluate((script) => {
      importScripts(script)
      // what the worker does when the browser has it sync, and what came of it
      const { cairnCatchUp } = self as unknown as { cairnCatchUp: () => Promise<void> }
      const noted = async (): Promise<void> => {
        const end = await cairnCatchUp().then(
          () => 'done',
          ({ name }: Error) => name,
        )
        Object.assign(self, { end })
      }
      Object.assign(self, { cairnCatchUp: noted })
    }, backgroundScript)
    await page.evaluate(() => {
      const { postMessage } = ServiceWorker.prototype
      const word = Promise.withResolvers<() => void>()
      ServiceWorker.prototype.postMessage = function (this: ServiceWorker, ...args: [unknown]) {
        word.resolve(() => postMessage.apply(this, args))
      }
      Object.assign(window, { word: word.promise })
    })
    await onlyByTakingOver(page)
    await page.getByRole('button', { name: 'Reload' }).click()

    // This page's engine has ended, and the word to take over is held back: nobody leads.
    await page.evaluate(async (tag) => {
      await (Reflect.get(window, 'word') as Promise<unknown>)
      const registration = await navigator.serviceWorker.ready
      await (Reflect.get(registration, 'sync') as { register(tag: string): Promise<void> }).register(tag)
    }, syncTag)
    await expect.poll(() => old.evaluate(() => Reflect.get(self, 'end') as unknown)).toBe('AbortError')
    await page.evaluate(async () => (await (Reflect.get(window, 'word') as Promise<() => void>))())
    await expect(page.locator('meta[name=version]')).toHaveCount(1)
  })

  test('is offered by the other pages too, once one of them has let it take over', async ({ page, pds }) => {
    const cairn = createCairnPage(page, { app: relay.url.replace(/\/$/, ''), pds: pds.url, plc: pds.plc })
    await cairn.setUp()
    await page.evaluate(() => navigator.serviceWorker.ready.then(() => undefined))
    await deploy()
    const other = await page.context().newPage()
    await other.goto(relay.url)
    await cairn.open('/')
    await page.getByRole('button', { name: 'Reload' }).click()
    await expect(page.locator('meta[name=version]')).toHaveCount(1)
    await onlyByTakingOver(other)
    await other.getByRole('button', { name: 'Reload' }).click()
    await expect(other.locator('meta[name=version]')).toHaveCount(1)
  })

  test('waits for a running import', async ({ page, pds, ada }) => {
    const cairn = createCairnPage(page, { app: relay.url.replace(/\/$/, ''), pds: pds.url, plc: pds.plc })
    await cairn.setUp()
    await page.evaluate(() => navigator.serviceWorker.ready.then(() => undefined))
    await pds.faults({ match: 'com.atproto.sync.getRepo?', kind: 'throttle', rate: 60_000 })
    await cairn.open('/')
    await cairn.add(ada.handle)
    await expect(page.getByRole('main').getByRole('progressbar')).toBeVisible()
    await deploy()
    await page.evaluate(async () => {
      await (await navigator.serviceWorker.getRegistration())?.update()
    })
    await expect(
      page.getByText('It can take over when the running work has ended.', { exact: false }),
    ).toBeVisible()
    await expect(page.getByRole('button', { name: 'Reload' })).toHaveCount(0)
    await pds.faults({ match: 'com.atproto.sync.getRepo?', kind: 'throttle', rate: 4_000_000 })
    await expect(cairn.row('@ada.test')).toContainText('1,233 records', { timeout: 60_000 })
    await page.getByRole('button', { name: 'Reload' }).click()
    await expect(page.locator('meta[name=version]')).toHaveCount(1)
    await expect(cairn.row('@ada.test')).toContainText('1,233 records')
  })
})
