import { overflowOf, VARIANTS, violationsOf } from './axe.ts'
import { expect, NOT_INSTALLED, test } from './fixtures.ts'
import { everyScreen } from './places.ts'
import { remove, tid } from './pds/seed.ts'
import { keepDraft, settleIn } from './settle-in.ts'

test.use(NOT_INSTALLED)

const WIDE = { width: 1180, height: 800 }
const NARROW = { width: 360, height: 740 }

test('every screen, in both themes: axe finds nothing; at 360 px nothing is cut off, right to left neither', async ({
  cairn,
  pds,
  newAccount,
}) => {
  test.setTimeout(240_000)
  const { page } = cairn
  const account = await newAccount()
  await settleIn(cairn, account)
  await keepDraft(cairn, account)
  await pds.call('applyWrites', { did: account.did, writes: [remove('app.bsky.feed.post', tid(0))] })
  await cairn.update(account.did)
  await page.emulateMedia({ reducedMotion: 'reduce' })
  const found: Record<string, unknown> = {}
  for (const { name, path } of everyScreen(account.did)) {
    await page.setViewportSize(WIDE)
    await cairn.open(path)
    await cairn.settled()
    for (const { name: variant, colorScheme, ...size } of VARIANTS) {
      await page.setViewportSize(size)
      await page.emulateMedia({ colorScheme })
      const violations = await violationsOf(page)
      if (violations.length > 0) found[`${name}, ${variant}`] = violations
      for (const dir of ['rtl', 'ltr']) {
        await page.evaluate((to) => void (document.documentElement.dir = to), dir)
        const over = await overflowOf(page)
        if (over > 0) found[`${name}, ${variant}, ${dir}, is too wide by`] = over
      }
    }
  }
  expect(found).toEqual({})
})

test('the tab that is open is on screen at 360 px', async ({ cairn, newAccount }) => {
  const { page } = cairn
  const account = await newAccount()
  await cairn.backUp(account, { records: 41 })
  await page.setViewportSize(NARROW)
  for (const tab of ['overview', 'snapshots', 'health', 'export'] as const) {
    await cairn.openRepo(account.did, tab)
    const tabs = page.getByRole('navigation', { name: 'Parts of this repository' })
    await expect(tabs.locator('[aria-current=page]'), tab).toBeInViewport({ ratio: 0.9 })
  }
})
