import { expect, NOT_INSTALLED, test } from './space-fixtures.ts'
import type { Page } from './fixtures.ts'

test.use(NOT_INSTALLED)

/** Presses Tab until what has this name is focused. */
async function tabTo(
  page: Page,
  role: 'link' | 'button' | 'textbox' | 'checkbox',
  name: string | RegExp,
): Promise<void> {
  const target = page.getByRole(role, { name }).first()
  await expect(target).toBeVisible()
  for (let i = 0; i < 80; i++) {
    if (await target.evaluate((element) => element === document.activeElement)) return
    await page.keyboard.press('Tab')
  }
  throw new Error(`Tab never reached ${role} ${String(name)}`)
}

test('a space is made, its link is made, a post written and a task ticked with the keyboard alone', async ({
  someone,
}) => {
  const { page, screen } = await someone('Anna')
  await tabTo(page, 'link', /^Spaces/)
  await page.keyboard.press('Enter')
  await tabTo(page, 'button', 'Make a space')
  await page.keyboard.press('Enter')
  await tabTo(page, 'textbox', 'What is it called?')
  await page.keyboard.type('Orchard')
  await tabTo(page, 'textbox', 'Your name in it')
  await page.keyboard.type('Anna')
  await page.keyboard.press('Enter')
  await expect(page.getByRole('heading', { level: 1, name: 'Orchard' })).toBeFocused()

  await tabTo(page, 'button', 'Share a link')
  await page.keyboard.press('Enter')
  await expect(screen.dialog.getByRole('radio', { name: 'Can write' })).toBeVisible()
  await tabTo(page, 'button', 'Make the link')
  await page.keyboard.press('Enter')
  await expect(screen.dialog.getByRole('img', { name: /^QR code/ })).toBeVisible()
  const inside = await screen.dialog.evaluate((element) => element.contains(document.activeElement))
  expect(inside, 'the focus is not lost when the form becomes the link').toBe(true)
  await page.keyboard.press('Escape')
  await expect(page.getByRole('button', { name: 'Share a link' })).toBeFocused()

  await tabTo(page, 'textbox', 'Write to Orchard')
  await page.keyboard.type('Bring ladders')
  await page.keyboard.press('Control+Enter')
  const post = screen.post('Bring ladders')
  await expect(post).toBeVisible()
  await tabTo(page, 'button', 'React')
  await page.keyboard.press('Enter')
  await tabTo(page, 'button', 'heart')
  await page.keyboard.press('Enter')
  await expect(post.getByRole('button', { name: /❤️ 1 from you/ })).toBeVisible()

  await tabTo(page, 'link', /^Tasks/)
  await page.keyboard.press('Enter')
  await tabTo(page, 'textbox', 'New task')
  await page.keyboard.type('Prune')
  await page.keyboard.press('Enter')
  await expect(screen.task('Prune')).toBeVisible()
  await tabTo(page, 'checkbox', 'Prune: done')
  await page.keyboard.press('Space')
  await expect(screen.main).toContainText('Everything is done.')
})
