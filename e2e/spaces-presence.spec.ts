import { expect, NOT_INSTALLED, test } from './space-fixtures.ts'

test.use(NOT_INSTALLED)

test('who is here and who is typing shows, is stored nowhere, and is gone within five seconds of a closed tab', async ({
  group,
}) => {
  const { space, members } = await group('Orchard', ['Anna', 'Béla', 'Cem'])
  const [anna, bela, cem] = members
  if (anna === undefined || bela === undefined || cem === undefined) throw new Error('three are asked for')
  await expect(anna.screen.main).toContainText(/(Béla and Cem|Cem and Béla) are here/)
  await bela.screen.main.getByRole('textbox', { name: /^Write to / }).pressSequentially('I was think')
  await expect(anna.page.getByRole('status').filter({ hasText: 'Béla is writing' })).toBeVisible()
  await bela.page.getByRole('button', { name: 'Post', exact: true }).click()
  await expect(anna.page.getByRole('status').filter({ hasText: 'Béla is writing' })).toHaveCount(0)
  // in the same tab of the app, and no longer in the space
  await cem.page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Library' }).click()
  await expect(anna.screen.main).toContainText('Béla is here')

  await bela.page.close()
  await expect
    .poll(() => anna.engine.spaces.presence(space), { timeout: 5_000, intervals: [100] })
    .toEqual([])
  await expect(anna.screen.main).not.toContainText('is here')
})
