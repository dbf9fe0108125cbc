import { writingHref } from '../src/app/views/compose/hrefs.ts'
import type { CairnPage } from './cairn-page.ts'
import { expect } from './fixtures.ts'
import type { Account } from './pds/client.ts'

/** Keeps a copy of an account, of the usual small size unless told, and signs in to it by password: one can write. */
export async function settleIn(cairn: CairnPage, me: Account, records = 41): Promise<void> {
  const { page } = cairn
  await cairn.backUp(me, { records })
  await cairn.openRepo(me.did)
  const card = page.getByRole('region', { name: 'Your account?' })
  await card.getByRole('button', { name: 'Sign in to write' }).click()
  await card.getByRole('button', { name: 'Use an app password' }).click()
  await card.getByLabel('App password').fill('password')
  await card.getByRole('button', { name: 'Sign in', exact: true }).click()
  await expect(page.getByRole('link', { name: 'Writing' })).toBeVisible()
}

/** Writes a post that waits until it is told to go. */
export async function keepDraft({ page, open }: CairnPage, me: Account): Promise<void> {
  await open(writingHref(me.did))
  await page.getByRole('textbox', { name: 'Write a post' }).fill('Not today: https://example.org #stones')
  await page.getByRole('button', { name: 'Keep as draft' }).click()
  await expect(page.getByRole('region', { name: 'Unsent' }).getByRole('article')).toHaveCount(1)
}
