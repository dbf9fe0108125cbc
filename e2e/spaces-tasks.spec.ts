import type { Locator, Page } from './fixtures.ts'
import { expect, NOT_INSTALLED, PARTABLE, setApart, test } from './space-fixtures.ts'

test.use(NOT_INSTALLED)

/** Puts a finger on one thing, moves it to the middle of another in steps, looks, and lets go. */
async function dragByFinger(
  page: Page,
  from: Locator,
  { to, while: look }: { to: Locator; while: () => Promise<void> },
): Promise<void> {
  const [start, end] = [await from.boundingBox(), await to.boundingBox()]
  if (start === null || end === null) throw new Error('not on the screen')
  const session = await page.context().newCDPSession(page)
  const touch = (type: 'touchStart' | 'touchMove', y: number) =>
    session.send('Input.dispatchTouchEvent', {
      type,
      touchPoints: [{ x: start.x + start.width / 2, y }],
    })
  const [first, last] = [start.y + start.height / 2, end.y + end.height / 2]
  await touch('touchStart', first)
  for (let step = 1; step <= 8; step++) await touch('touchMove', first + ((last - first) * step) / 8)
  await look()
  await session.send('Input.dispatchTouchEvent', { type: 'touchEnd', touchPoints: [] })
  await session.detach()
}

test('tasks: added, given to someone, with a day, done, and put in order by keys and by finger', async ({
  group,
}) => {
  const { members } = await group('Orchard', ['Anna', 'Béla'], { touch: true })
  const [anna, bela] = members
  if (anna === undefined || bela === undefined) throw new Error('two are asked for')
  await anna.screen.tab('Tasks')
  await bela.screen.tab('Tasks')
  for (const title of ['Prune', 'Pick', 'Press']) await anna.screen.addTask(title)
  await expect.poll(() => bela.screen.taskTitles()).toEqual(['Prune', 'Pick', 'Press'])

  await anna.screen.task('Pick').getByRole('button', { name: 'Pick', exact: true }).click()
  await anna.page.getByRole('combobox', { name: 'For' }).selectOption('Béla')
  await anna.page.getByLabel('Due').fill('2031-10-04')
  await anna.page.getByRole('button', { name: 'Save' }).click()
  await expect(bela.screen.task('Pick')).toContainText('Béla')
  await expect(bela.screen.task('Pick')).toContainText(/due .*2031/)
  await bela.page.getByRole('button', { name: 'Mine' }).click()
  await expect.poll(() => bela.screen.taskTitles()).toEqual(['Pick'])
  await bela.page.getByRole('button', { name: 'All', exact: true }).click()

  const handle = bela.screen.task('Press').getByRole('button', { name: /^Move Press/ })
  await handle.focus()
  await bela.page.keyboard.press('Home')
  for (const { screen } of [bela, anna])
    await expect.poll(() => screen.taskTitles()).toEqual(['Press', 'Prune', 'Pick'])
  await expect(handle, 'the focus goes with it').toBeFocused()
  await bela.page.keyboard.press('ArrowDown')
  for (const { screen } of [bela, anna])
    await expect.poll(() => screen.taskTitles()).toEqual(['Prune', 'Press', 'Pick'])

  // by its handle, the last before the first; where the handle is not, the same finger scrolls
  await dragByFinger(bela.page, bela.screen.task('Pick').getByRole('button', { name: /^Move Pick/ }), {
    to: bela.screen.task('Prune'),
    while: () => expect(bela.page.locator('.task.held')).toContainText('Pick'),
  })
  for (const { screen } of [bela, anna])
    await expect.poll(() => screen.taskTitles()).toEqual(['Pick', 'Prune', 'Press'])

  await bela.page.getByRole('checkbox', { name: 'Pick: done' }).check()
  await expect.poll(() => anna.screen.taskTitles()).toEqual(['Prune', 'Press'])
  await anna.page.getByRole('button', { name: 'Done', exact: true }).click()
  await expect.poll(() => anna.screen.taskTitles()).toEqual(['Pick'])
})

test('what two change in tasks apart is merged field by field, and the queue shows meanwhile', async ({
  group,
}) => {
  const { members } = await group('Orchard', ['Anna', 'Béla'], PARTABLE)
  const [anna, bela] = members
  if (anna === undefined || bela === undefined) throw new Error('two are asked for')
  await anna.screen.tab('Tasks')
  await bela.screen.tab('Tasks')
  for (const title of ['Prune', 'Pick']) await anna.screen.addTask(title)
  await expect.poll(() => bela.screen.taskTitles()).toEqual(['Prune', 'Pick'])
  await setApart(members, true)

  await anna.page.getByRole('button', { name: 'All', exact: true }).click()
  await anna.page.getByRole('checkbox', { name: 'Prune: done' }).check()
  await anna.screen.addTask('By Anna')
  await bela.screen.task('Prune').getByRole('button', { name: 'Prune', exact: true }).click()
  await bela.page.getByRole('textbox', { name: 'Title' }).fill('Prune the old tree')
  await bela.page.getByRole('button', { name: 'Save' }).click()
  await bela.screen.addTask('By Béla')
  await bela.screen
    .task('Pick')
    .getByRole('button', { name: /^Move Pick/ })
    .press('Home')
  await expect.poll(() => bela.screen.taskTitles()).toEqual(['Pick', 'Prune the old tree', 'By Béla'])
  await expect(anna.screen.main).toContainText('You are offline. 2 changes wait to be sent.')
  await expect(anna.screen.task('By Anna')).toContainText('waiting to send')

  await setApart(members, false)
  await bela.page.getByRole('button', { name: 'All', exact: true }).click()
  await expect.poll(() => anna.screen.taskTitles(), { timeout: 30_000 }).toHaveLength(4)
  const merged = await anna.screen.taskTitles()
  expect(merged.slice(0, 2)).toEqual(['Pick', 'Prune the old tree'])
  expect(merged).toEqual(expect.arrayContaining(['By Anna', 'By Béla']))
  await expect.poll(() => bela.screen.taskTitles(), { timeout: 30_000 }).toEqual(merged)
  for (const { page, screen } of [anna, bela]) {
    await expect(page.getByRole('checkbox', { name: 'Prune the old tree: done' })).toBeChecked()
    await expect(screen.main).not.toContainText('waiting to send')
    await expect(screen.main).not.toContainText('wait to be sent')
  }
})
