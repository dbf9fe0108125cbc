import { expect, test, type Page } from './fixtures.ts'
import { NEEDLE } from './pds/seed.ts'

/** Presses Tab until what has this name is focused, as a person would who cannot use a mouse. */
async function tabTo(
  page: Page,
  role: 'link' | 'article' | 'button' | 'textbox' | 'searchbox',
  name: string | RegExp,
): Promise<void> {
  const target = (role === 'article' ? page.getByRole(role) : page.getByRole(role, { name })).first()
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
