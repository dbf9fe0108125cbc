import type { Locator } from '@playwright/test'
import { expect, NOT_INSTALLED, type Page, test } from './fixtures.ts'
import { NEEDLE } from './pds/seed.ts'
import { settleIn } from './settle-in.ts'

test.use(NOT_INSTALLED)

/** Presses Tab until what has this name is focused, as a person would who cannot use a mouse. */
async function tabTo(
  page: Page,
  role: 'link' | 'article' | 'button' | 'textbox' | 'searchbox',
  name: string | RegExp,
  within: Page | Locator = page,
): Promise<void> {
  const target = (role === 'article' ? within.getByRole(role) : within.getByRole(role, { name })).first()
  await expect(target).toBeVisible()
  for (let i = 0; i < 80; i++) {
    await page.keyboard.press('Tab')
    if (await target.evaluate((element) => element === document.activeElement)) {
      const seen = await target.evaluate((element) => {
        // a field may leave its ring to the box that it stands in, a link to the row that it fills
        const around = element.closest('form, [role=search]') ?? element
        const styles = [
          getComputedStyle(element),
          getComputedStyle(element, '::after'),
          getComputedStyle(around),
        ]
        return element.matches(':focus-visible') && styles.some(({ outlineStyle }) => outlineStyle !== 'none')
      })
      expect(seen, `the focus on ${String(name)} is seen`).toBe(true)
      return
    }
  }
  throw new Error(`Tab never reached ${role} ${String(name)}`)
}

test('add, open, read and search with the keyboard alone', async ({ cairn, newAccount }) => {
  const { page } = cairn
  const account = await newAccount()
  await cairn.open('/')
  await tabTo(page, 'textbox', 'Handle, DID or link to keep a copy of')
  await page.keyboard.type(account.handle)
  await page.keyboard.press('Enter')
  await expect(cairn.row(`@${account.handle}`)).toContainText('Saved on this device')

  await tabTo(page, 'link', 'Ada of the Hills')
  await page.keyboard.press('Enter')
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Ada of the Hills')
  await expect(
    page.getByRole('heading', { level: 1 }),
    'the new screen’s title is where reading goes on',
  ).toBeFocused()

  await tabTo(page, 'link', 'Records')
  await page.keyboard.press('Enter')
  await tabTo(page, 'link', /^Posts/)
  await page.keyboard.press('Enter')
  await expect(page).toHaveURL(/\/records\/app\.bsky\.feed\.post$/)
  await tabTo(page, 'article', /./)
  await page.keyboard.press('ArrowDown')
  const second = page.getByRole('article').nth(1)
  await expect(second).toBeFocused()
  await page.keyboard.press('Enter')
  await expect(page).toHaveURL(/\/record\/app\.bsky\.feed\.post\//)

  await tabTo(page, 'link', 'Search')
  await page.keyboard.press('Enter')
  await tabTo(page, 'searchbox', /./)
  await page.keyboard.type('quartzite')
  await expect(page.getByRole('main').getByText(NEEDLE)).toBeVisible()
})

test('write, send, change and discard with the keyboard alone', async ({ cairn, pds, newAccount }) => {
  const { page } = cairn
  const me = await newAccount()
  await settleIn(cairn, me)
  const unsent = page.getByRole('region', { name: 'Unsent' })
  const texts = async () =>
    (await pds.call('listRecords', { did: me.did, collection: 'app.bsky.feed.post' })).map(
      ({ value }) => value['text'],
    )
  await tabTo(page, 'link', /^Writing$/)
  await page.keyboard.press('Enter')
  await tabTo(page, 'textbox', 'Write a post')
  await page.keyboard.type('By hand')
  await tabTo(page, 'button', 'Keep as draft')
  await page.keyboard.press('Enter')
  await expect(unsent.getByRole('article')).toContainText('By hand')
  await tabTo(page, 'button', /^Send$/)
  await page.keyboard.press('Enter')
  await expect.poll(texts, { timeout: 30_000 }).toContain('By hand')
  await expect(unsent.getByRole('article')).toHaveCount(0, { timeout: 30_000 })

  await tabTo(page, 'textbox', 'Write a post')
  await page.keyboard.type('In one go')
  await page.keyboard.press('Control+Enter')
  await expect.poll(texts, { timeout: 30_000 }).toContain('In one go')
  await expect(page.getByRole('textbox', { name: 'Write a post' })).toBeFocused()

  await page.keyboard.type('Never mind')
  await tabTo(page, 'button', 'Keep as draft')
  await page.keyboard.press('Enter')
  await tabTo(page, 'button', /^Discard$/)
  await page.keyboard.press('Enter')
  const dialog = page.getByRole('dialog')
  await expect(dialog).toBeVisible()
  await tabTo(page, 'button', /^Discard$/, dialog)
  await page.keyboard.press('Enter')
  await expect(dialog).toHaveCount(0)
  await expect(unsent.getByRole('article')).toHaveCount(0)

  await tabTo(page, 'link', /^Profile$/)
  await page.keyboard.press('Enter')
  await tabTo(page, 'textbox', /^Name$/)
  await page.keyboard.press('Control+A')
  await page.keyboard.type('Ada by Keys')
  await tabTo(page, 'button', 'Save profile')
  await page.keyboard.press('Enter')
  const name = async () =>
    (await pds.call('listRecords', { did: me.did, collection: 'app.bsky.actor.profile' }))[0]?.value[
      'displayName'
    ]
  await expect.poll(name, { timeout: 30_000 }).toBe('Ada by Keys')
})

test('a dialog takes the focus, keeps it, and gives it back', async ({ cairn, newAccount }) => {
  const { page } = cairn
  const account = await newAccount()
  await cairn.backUp(account, { records: 41 })
  await cairn.openRepo(account.did, 'health')
  await tabTo(page, 'button', 'Remove this repository')
  await page.keyboard.press('Enter')
  const dialog = page.getByRole('dialog')
  await expect(dialog).toBeVisible()
  for (let i = 0; i < 6; i++) {
    await page.keyboard.press('Tab')
    // from the last button on, Tab goes to the browser's own bars, which is the body to a page
    const inside = await dialog.evaluate(
      (element) => element.contains(document.activeElement) || document.activeElement === document.body,
    )
    expect(inside, 'Tab reaches nothing behind the dialog').toBe(true)
  }
  await page.keyboard.press('Escape')
  await expect(dialog).toHaveCount(0)
  await expect(page.getByRole('button', { name: 'Remove this repository' })).toBeFocused()
})
