import { createHash, randomBytes } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { once } from 'node:events'
import type { Browser, Locator, Page } from '@playwright/test'
import { drawPicture } from './space-pictures.ts'
import { expect, sent, test, type Member } from './space-fixtures.ts'

const MIB = 1024 ** 2
/** Chunks of a file of 200 MB: one is a little less than 1 MiB. */
const LARGE_MIB = 200
/** What the page of who sends, or of who fetches, may grow by while such a file goes through: a fraction of it, bytes. */
const MAY_GROW = 120 * MIB

test('a picture is added to a post: the others see it small at once, and save it whole', async ({
  group,
}) => {
  const { members } = await group('Orchard', ['Anna', 'Béla'])
  const [anna, bela] = members
  if (anna === undefined || bela === undefined) throw new Error('two are asked for')
  const picture = await drawPicture(anna.page, 3)
  await anna.screen.main
    .getByLabel('Files to send')
    .setInputFiles({ name: 'valley.jpg', mimeType: 'image/jpeg', buffer: picture })
  await expect(anna.screen.main.getByRole('list', { name: 'Files to send' })).toContainText('valley.jpg')
  await anna.screen.write('The view from the press')
  const small = bela.screen.post('The view from the press').getByRole('button', { name: /valley\.jpg/ })
  const widthOf = (image: Locator) => image.evaluate((it: HTMLImageElement) => it.naturalWidth)
  await expect.poll(() => widthOf(small.getByRole('img', { name: 'valley.jpg' }))).toBe(320)
  await small.press('Enter')
  const whole = bela.screen.dialog.getByRole('img', { name: 'valley.jpg' })
  await expect.poll(() => widthOf(whole)).toBeGreaterThan(320)
  await bela.screen.dialog.getByRole('link', { name: 'Show it in Files' }).click()
  const row = bela.page
    .getByRole('list', { name: 'Files' })
    .getByRole('listitem')
    .filter({ hasText: 'valley.jpg' })
  const started = bela.page.waitForEvent('download')
  await row.getByRole('button', { name: /^(Fetch and save|Save) / }).click()
  const download = await started
  expect(download.suggestedFilename()).toBe('valley.jpg')
  expect((await readFile(await download.path())).equals(picture)).toBe(true)
})

test('200 MB go up to a store and come down with the sender away, over a reload and a relay that restarts', async ({
  browser,
  someone,
  startRelay,
}) => {
  test.setTimeout(240_000)
  const folder = await mkdtemp(join(tmpdir(), 'cairn-large-'))
  try {
    const path = join(folder, 'recording.wav')
    const digest = await writeLarge(path)
    const relay = await startRelay()
    const anna = await someone('Anna', { relay })
    const space = await anna.screen.make('Orchard', 'Anna')
    await anna.screen.tab('Files')
    const sending = await watchMemory(browser, anna.page)
    await anna.page.getByLabel('Files to add').setInputFiles(path)
    const stateOf = async ({ engine }: Member) => (await engine.spaces.files(space))[0]
    await expect.poll(async () => (await stateOf(anna))?.transfer, { timeout: 60_000 }).toBe('sending')
    await expect.poll(async () => (await stateOf(anna))?.transfer, { timeout: 90_000 }).toBe('none')
    expect(await sending.grown(), 'bytes that the page grew by as it sent').toBeLessThan(MAY_GROW)
    const link = await anna.screen.share()
    await sent(anna, space)
    await anna.context.close()

    const bela = await someone('Béla', { relay })
    await bela.screen.follow(link)
    await bela.screen.accept('Béla')
    await expect(bela.page.getByRole('heading', { level: 1 })).toHaveText('Orchard')
    await bela.screen.tab('Files')
    const row = bela.page.getByRole('list', { name: 'Files' }).getByRole('listitem')
    const fetch = row.getByRole('button', { name: /^Fetch and save/ })
    const has = async () => (await stateOf(bela))?.chunks ?? 0
    const fetching = await watchMemory(browser, bela.page)
    await fetch.click()
    await expect(row.getByRole('progressbar')).toBeVisible()
    await expect.poll(has, { timeout: 60_000, intervals: [50] }).toBeGreaterThan(20)
    await bela.page.reload()
    await expect(fetch).toBeVisible()
    const afterReload = await has()
    expect(afterReload, 'what had come is kept').toBeGreaterThan(20)

    await fetch.click()
    await expect.poll(has, { timeout: 60_000, intervals: [50] }).toBeGreaterThan(afterReload + 20)
    await relay.kill()
    await expect(fetch).toBeVisible({ timeout: 30_000 })
    const afterStop = await has()
    expect(afterStop).toBeGreaterThan(afterReload + 20)
    await relay.start()
    await bela.connected()
    const started = bela.page.waitForEvent('download', { timeout: 120_000 })
    await expect
      .poll(
        async () => {
          if (await fetch.isVisible()) await fetch.click()
          return has()
        },
        { timeout: 90_000, intervals: [500] },
      )
      .toBe((await stateOf(bela))?.of)
    if (await row.getByRole('button', { name: /^Save/ }).isVisible())
      await row.getByRole('button', { name: /^Save/ }).click()
    const download = await started
    expect(await digestOf(await download.path())).toBe(digest)
    expect(await fetching.grown(), 'bytes that the page grew by as it fetched').toBeLessThan(MAY_GROW)
  } finally {
    await rm(folder, { recursive: true })
  }
})

/** Writes a file that nothing can pack; gives its SHA-256. */
async function writeLarge(path: string): Promise<string> {
  const hash = createHash('sha256')
  const out = createWriteStream(path)
  for (let i = 0; i < LARGE_MIB; i++) {
    const piece = randomBytes(MIB)
    hash.update(piece)
    if (!out.write(piece)) await once(out, 'drain')
  }
  out.end()
  await once(out, 'finish')
  return hash.digest('hex')
}

async function digestOf(path: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const piece of createReadStream(path)) hash.update(piece)
  return hash.digest('hex')
}

/** Looks every half second at what the pages of this browser have in memory, until it is asked for the most. */
async function watchMemory(browser: Browser, page: Page): Promise<{ grown(): Promise<number> }> {
  const session = await browser.newBrowserCDPSession()
  const collect = (): void => (globalThis as { gc?: () => void }).gc?.()
  const resident = async (): Promise<number> => {
    // Garbage is no need; a page that is just reloading has none to collect.
    const all = [page.evaluate(collect), ...page.workers().map((worker) => worker.evaluate(collect))]
    await Promise.allSettled(all)
    const { processInfo } = await session.send('SystemInfo.getProcessInfo')
    const sizes = processInfo
      .filter(({ type }) => type === 'renderer')
      .map(async ({ id }) => {
        const status = await readFile(`/proc/${id}/status`, 'utf8').catch(() => '')
        return Number(/^RssAnon:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) * 1024
      })
    return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0)
  }
  const before = await resident()
  let most = before
  const timer = setInterval(() => {
    // a look that fails is made up for by the next
    resident().then(
      (now) => (most = Math.max(most, now)),
      () => {},
    )
  }, 500)
  return {
    async grown() {
      clearInterval(timer)
      await session.detach()
      return most - before
    },
  }
}
