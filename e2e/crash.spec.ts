import { HEAVY_BYTES, noise, PAGES, pageKey, pageText } from './pds/heavy.ts'
import { create } from './pds/seed.ts'
import { expect, NOT_INSTALLED, type Page, test } from './fixtures.ts'
import { storedBytes } from './stored.ts'

test.use(NOT_INSTALLED)

async function crash(page: Page): Promise<void> {
  const session = await page.context().newCDPSession(page)
  const crashed = page.waitForEvent('crash')
  // the renderer dies before it can answer
  session.send('Page.crash').catch(() => {})
  await crashed
}

const END = {
  'the tab crashes': crash,
  'the tab is closed': (page: Page) => page.close(),
}

test.describe('an import that is cut off', () => {
  test.setTimeout(240_000)

  test('goes on where it stopped, whenever the page dies, and stores no proven block twice', async ({
    cairn,
    openTab,
    pds,
    heavy,
    browser,
  }) => {
    // what one import without interruption stores
    const quiet = await browser.newContext()
    const straight = await openTab(quiet)
    await straight.setUp()
    await straight.backUp(heavy, { records: PAGES })
    const whole = await storedBytes(straight.page)
    expect(whole.total).toBeGreaterThan(HEAVY_BYTES)
    await quiet.close()

    await pds.faults({ match: 'com.atproto.sync.getRepo?', kind: 'throttle', rate: 4_000_000 })
    let tab = cairn
    await tab.open('/')
    await tab.add(heavy.did)
    let before: Record<string, number> = {}
    const share = [0.1, 0.25, 0.4, 0.55, 0.7, 0.85]
    for (const [i, part] of share.entries()) {
      await expect
        .poll(async () => (await storedBytes(tab.page)).total, { timeout: 60_000, intervals: [20] })
        .toBeGreaterThan(whole.total * part)
      before = { ...(await storedBytes(tab.page)).values }
      await (i % 2 === 0 ? END['the tab crashes'] : END['the tab is closed'])(tab.page)

      tab = await openTab()
      await tab.open('/')
      const row = tab.page
        .getByRole('main')
        .getByRole('listitem')
        .filter({ hasText: /heavy|did:plc/ })
      await expect(row).toContainText('cut off')
      expect(await stillThere(tab.page, before), 'what was stored survived').toEqual([])
      await row.getByRole('button', { name: /^Go on/ }).click()
    }
    await pds.faults()
    await expect(tab.row('@heavy.test')).toContainText(`${PAGES} records`, { timeout: 60_000 })
    await expect(tab.row('@heavy.test')).toContainText('Saved on this device')

    const after = await storedBytes(tab.page)
    expect(after.total).toBeLessThan(whole.total * 1.05)
    const kept = Object.keys(before).filter((key) => key in after.values)
    expect(kept.length, 'segments of the cut-off import are part of the copy').toBeGreaterThan(
      Object.keys(before).length * 0.8,
    )

    await tab.openRecord(heavy.did, `com.example.page/${pageKey(PAGES - 1)}`)
    await expect(tab.page.getByRole('main')).toContainText(pageText(PAGES - 1).slice(0, 100))
  })

  test('leaves the previous head as it was', async ({ cairn, openTab, pds, newAccount }) => {
    const account = await newAccount({ posts: 200, likes: 0, follows: 0, images: 0 })
    await cairn.backUp(account, { records: 213 })
    await pds.call('applyWrites', {
      did: account.did,
      writes: Array.from({ length: 10 }, (_, i) =>
        create('com.example.page', `late${i}`, { text: noise(i + 7_000, 10_000) }),
      ),
    })
    await pds.faults({ match: 'com.atproto.sync.getRepo?', kind: 'stall', after: 60_000 })
    await cairn.openRepo(account.did)
    await cairn.page.getByRole('button', { name: 'Back up now' }).click()
    await expect(cairn.page.getByRole('main').getByRole('progressbar')).toBeVisible()
    await expect
      .poll(async () => (await pds.call('requests', { match: 'since=' })).at(-1)?.bytes)
      .toBe(60_000)
    await crash(cairn.page)

    const tab = await openTab()
    await tab.openRepo(account.did)
    await expect(
      tab.page.getByRole('row').filter({ hasText: 'app.bsky.feed.post' }).getByRole('cell').first(),
    ).toHaveText('203')
    await expect(tab.page.getByRole('row').filter({ hasText: 'com.example.page' })).toHaveCount(0)
    await pds.faults()
    await tab.update(account.did)
    await expect(
      tab.page.getByRole('row').filter({ hasText: 'com.example.page' }).getByRole('cell').first(),
    ).toHaveText('10')
  })
})

/** Byte values that were there before and are not now, or not in full. */
async function stillThere(page: Page, before: Record<string, number>): Promise<string[]> {
  const { values } = await storedBytes(page)
  return Object.entries(before)
    .filter(([key, size]) => values[key] !== size)
    .map(([key]) => key)
}
