import { expect, type Member, NOT_INSTALLED, PARTABLE, setApart, test } from './space-fixtures.ts'
import { createSpaceScreen } from './space-screen.ts'

test.use(NOT_INSTALLED)

/** Opens a note by its title. */
async function openNote({ screen, page }: Member, title: string): Promise<void> {
  await screen.tab('Notes')
  await page.getByRole('link', { name: title }).click()
  await expect(screen.noteText()).toBeVisible()
}

/** Makes a note and stays in it. */
async function makeNote({ screen, page }: Member, title: string): Promise<void> {
  await screen.tab('Notes')
  await page.getByRole('button', { name: 'New note' }).click()
  await page.getByRole('textbox', { name: 'Title of the note' }).fill(title)
  await page.keyboard.press('Tab')
  await expect(screen.noteText()).toBeVisible()
}

test('two write in a note at once: it merges, each sees the other’s cursor, and a reload keeps all', async ({
  group,
}) => {
  const { members } = await group('Orchard', ['Anna', 'Béla'])
  const [anna, bela] = members
  if (anna === undefined || bela === undefined) throw new Error('two are asked for')
  await makeNote(anna, 'Harvest')
  await anna.screen.noteText().pressSequentially('Apples: ')
  await openNote(bela, 'Harvest')
  await expect(bela.screen.noteText()).toContainText('Apples:')
  await expect(anna.screen.main).toContainText('Béla is in this note.')

  // An editor puts its own selection back shortly after it got the focus: no person is so quick. The other sees it move.
  await bela.screen.noteText().focus()
  const cursor = anna.screen.noteText().locator('.note-cursor')
  await expect(async () => {
    await bela.page.keyboard.press('Control+End')
    const before = await cursor.evaluate((it) => {
      const range = document.createRange()
      range.setStart(it.closest('p') ?? it, 0)
      range.setEndBefore(it)
      return range.toString().trim()
    })
    expect(before).toBe('Apples:')
  }).toPass()
  await bela.page.keyboard.press('Enter')
  await Promise.all([
    anna.screen.noteText().pressSequentially('forty crates of Boskoop', { delay: 20 }),
    bela.screen.noteText().pressSequentially('Pears: nine crates', { delay: 20 }),
  ])
  for (const { screen } of [anna, bela]) {
    await expect
      .poll(() => screen.noteLines())
      .toEqual(['Apples: forty crates of Boskoop', 'Pears: nine crates'])
  }
  await expect(cursor).toContainText('Béla')

  await expect(bela.page.locator('.note-state')).toContainText('Saved on this device')
  await bela.page.reload()
  await expect
    .poll(() => bela.screen.noteLines())
    .toEqual(['Apples: forty crates of Boskoop', 'Pears: nine crates'])
})

test('what two write in a note apart comes together, with nothing of it lost', async ({ group }) => {
  const { space, members } = await group('Orchard', ['Anna', 'Béla'], PARTABLE)
  const [anna, bela] = members
  if (anna === undefined || bela === undefined) throw new Error('two are asked for')
  await makeNote(anna, 'Harvest')
  await anna.screen.noteText().pressSequentially('Common ground')
  await openNote(bela, 'Harvest')
  await expect(bela.screen.noteText()).toContainText('Common ground')
  await setApart(members, true)
  await anna.screen.noteText().press('Control+Home')
  await anna.page.keyboard.type('From Anna: ')
  await bela.screen.noteText().press('Control+End')
  await bela.page.keyboard.type(', from Béla')
  await expect(anna.screen.main).toContainText('Saved on this device, waits to be sent.')
  // across a restart, too
  const [note] = await bela.engine.spaces.entities(space, 'note')
  // what was typed is stored within half a second, and not before
  await bela.engine.spaces.flushNote(space, note?.id ?? '')
  await bela.page.goto('about:blank')
  await setApart(members, false)
  await bela.page.goBack()
  for (const { screen } of [anna, bela])
    await expect
      .poll(() => screen.noteLines(), { timeout: 30_000 })
      .toEqual(['From Anna: Common ground, from Béla'])
  await expect(anna.screen.main).not.toContainText('waits to be sent')
})

test('what is typed in one tab outlives the tab that led, and the note goes on', async ({ group, app }) => {
  const { space, members } = await group('Orchard', ['Anna', 'Béla'])
  const [anna, bela] = members
  if (anna === undefined || bela === undefined) throw new Error('two are asked for')
  await makeNote(anna, 'Harvest')
  await anna.screen.noteText().pressSequentially('Apples')
  const tab = await anna.another()
  const other = { ...anna, ...tab, screen: createSpaceScreen(tab.page, app.url) }
  await other.screen.open(space)
  await openNote(other, 'Harvest')
  await expect(other.screen.noteText()).toContainText('Apples')
  expect((await other.engine.network.status()).role).toBe('follower')
  await other.screen.noteText().press('Control+End')
  await other.page.keyboard.type(', pears')
  // within the half second after which what it has heard is stored
  const session = await anna.page.context().newCDPSession(anna.page)
  session.send('Page.crash').catch(() => {})
  await other.page.keyboard.type(', plums')
  const state = other.page.locator('.note-state')
  await expect(state).toContainText('Saved on this device', { timeout: 30_000 })

  await openNote(bela, 'Harvest')
  const all = (more = ''): string[] => [`Apples, pears, plums${more}`]
  await expect.poll(() => bela.screen.noteLines(), { timeout: 30_000 }).toEqual(all())
  await bela.screen.noteText().press('Control+End')
  await bela.page.keyboard.type(', quinces')
  await expect.poll(() => other.screen.noteLines(), { timeout: 30_000 }).toEqual(all(', quinces'))
  await other.page.reload()
  await expect.poll(() => other.screen.noteLines(), { timeout: 30_000 }).toEqual(all(', quinces'))
})
