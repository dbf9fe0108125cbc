import { expect, NOT_INSTALLED, test } from './space-fixtures.ts'
import { post } from './pds/seed.ts'

test.use(NOT_INSTALLED)

const RECORDS = { posts: 12, likes: 0, follows: 0, images: 1 }

test('a group keeps its members’ repos: one offers, another keeps, and all see who keeps what and how current', async ({
  group,
  newAccount,
  pds,
}) => {
  const account = await newAccount(RECORDS)
  const { members } = await group('Orchard', ['Anna', 'Béla', 'Cem'])
  const [anna, bela, cem] = members
  if (anna === undefined || bela === undefined || cem === undefined) throw new Error('three are asked for')
  const name = `@${account.handle}`
  await anna.keep(account.did)
  await anna.screen.tab('Settings')
  const together = anna.page.getByRole('checkbox', { name: /^Members keep each other’s repositories/ })
  await together.click()
  await expect(together).toBeChecked()
  await anna.screen.tab('Backups')
  const own = anna.page.getByRole('region', { name: 'Offer your own' }).getByRole('checkbox')
  await own.click()
  await expect(own).toBeChecked()
  await expect(anna.screen.main).toContainText('One repository offered; one is kept by nobody yet.')

  const rowOf = (of: typeof anna) =>
    of.page
      .getByRole('list', { name: 'Repositories of the group' })
      .getByRole('listitem')
      .filter({ has: of.page.getByText(account.did).or(of.page.getByText(name)) })
      .first()
  await bela.screen.tab('Backups')
  await expect(rowOf(bela)).toContainText('of Anna')
  await bela.page.getByRole('button', { name: /^Keep a copy/ }).click()
  await expect(rowOf(bela)).toContainText('You: current')
  await cem.screen.tab('Backups')
  for (const { screen } of [anna, cem])
    await expect(screen.main).toContainText('Béla: current, last answered')
  await expect(cem.screen.main).toContainText('One repository offered, each with a current copy.')
  expect((await bela.engine.library.get(account.did))?.head?.rev).toBe(await anna.rev(account.did))

  // what is written later: the copy falls behind, and says so until it is brought up to date
  await cem.page.getByRole('button', { name: /^Keep a copy/ }).click()
  await expect(anna.screen.main).toContainText('2 copies, all current')
  await bela.context.close()
  await pds.call('applyWrites', { did: account.did, writes: [post(900, 'Later')] })
  const rev = await cem.keep(account.did)
  await cem.page.reload()
  await expect(rowOf(cem)).toContainText('1 of 2 copies is behind')
  await expect(rowOf(cem)).toContainText('Béla: behind')
  await expect(rowOf(anna)).toContainText('Cem: current')

  // offered no longer: the group sees it no more, and the copies stay whose they are
  await own.click()
  await expect(own).not.toBeChecked()
  await expect(cem.screen.main).toContainText('Keep each other’s repositories')
  expect(await cem.rev(account.did)).toBe(rev)
})
