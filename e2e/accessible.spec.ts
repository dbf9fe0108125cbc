import { AxeBuilder } from '@axe-core/playwright'
import { expect, test } from './fixtures.ts'
import { everyScreen } from './places.ts'
import { remove, tid } from './pds/seed.ts'
import { keepDraft, settleIn } from './settle-in.ts'

const SIZES = { wide: { width: 1180, height: 800 }, narrow: { width: 360, height: 740 } }

for (const colorScheme of ['light', 'dark'] as const) {
  for (const [size, viewport] of Object.entries(SIZES)) {
    test(`every screen, ${colorScheme} and ${size}: axe finds nothing and nothing is cut off`, async ({
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
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
      await page.setViewportSize(viewport)
      const found: Record<string, unknown> = {}
      for (const { name, path } of everyScreen(account.did)) {
        await cairn.open(path)
        await cairn.settled()
        const { violations } = await new AxeBuilder({ page })
          .withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'])
          .analyze()
        if (violations.length > 0)
          found[name] = violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`)
        const over = await page.evaluate(
          () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
        )
        if (over > 0) found[`${name} is too wide by`] = over
      }
      expect(found).toEqual({})
    })
  }
}

test('right to left, nothing is cut off at 360 px', async ({ cairn, newAccount }) => {
  const { page } = cairn
  const account = await newAccount()
  await settleIn(cairn, account)
  await keepDraft(cairn, account)
  await page.setViewportSize(SIZES.narrow)
  for (const { name, path } of everyScreen(account.did)) {
    await cairn.open(path)
    await page.evaluate(() => (document.documentElement.dir = 'rtl'))
    const over = await page.evaluate(
      () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
    )
    expect(over, name).toBe(0)
  }
})

test('the tab that is open is on screen at 360 px', async ({ cairn, newAccount }) => {
  const { page } = cairn
  const account = await newAccount()
  await cairn.backUp(account, { records: 41 })
  await page.setViewportSize(SIZES.narrow)
  for (const tab of ['overview', 'snapshots', 'health', 'export'] as const) {
    await cairn.openRepo(account.did, tab)
    const tabs = page.getByRole('navigation', { name: 'Parts of this repository' })
    await expect(tabs.locator('[aria-current=page]'), tab).toBeInViewport({ ratio: 0.9 })
  }
})
