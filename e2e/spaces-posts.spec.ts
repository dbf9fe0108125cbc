import { expect, NOT_INSTALLED, test } from './space-fixtures.ts'

test.use(NOT_INSTALLED)

test('posts, replies, reactions and mentions: all see them, and what is new is marked until it is read', async ({
  group,
}) => {
  const { members } = await group('Orchard', ['Anna', 'Béla', 'Cem'])
  const [anna, bela, cem] = members
  if (anna === undefined || bela === undefined || cem === undefined) throw new Error('three are asked for')
  // Béla looks at something else meanwhile
  await bela.screen.tab('Tasks')
  await anna.screen.main
    .getByRole('textbox', { name: /^Write to / })
    .pressSequentially('The press is free, @Bé')
  await anna.page.getByRole('option', { name: 'Béla' }).click()
  await anna.page.keyboard.type('can you bring the crates? See https://press.example/hours')
  await anna.page.keyboard.press('Control+Enter')
  const said = anna.screen.post('The press is free')
  await expect(said.getByRole('link', { name: /press\.example/ })).toHaveAttribute('rel', /noopener/)

  const news = bela.screen.news('Posts')
  await expect(news).toContainText('1 new')
  await bela.page
    .getByRole('navigation', { name: 'Main' })
    .getByRole('link', { name: /^Spaces/ })
    .click()
  await expect(bela.page.getByRole('main').getByRole('listitem')).toContainText('1 new, 1 mention of you')
  await bela.page.getByRole('link', { name: 'Orchard' }).click()
  const theirs = bela.screen.post('The press is free')
  await expect(theirs.locator('.mention.me')).toHaveText('@Béla')
  await expect(news).not.toContainText('new')

  await theirs.getByRole('button', { name: 'Reply' }).click()
  await theirs.getByRole('textbox', { name: 'Write a reply' }).fill('Twelve of them')
  await theirs.getByRole('button', { name: 'Reply', exact: true }).click()
  const reply = said.getByRole('list', { name: 'Replies' }).getByRole('listitem')
  await expect(reply).toContainText('Twelve of them')
  await expect(reply).toContainText('Béla')

  const third = cem.screen.post('The press is free')
  await cem.screen.choose(third.getByRole('button', { name: 'React' }).first(), 'party')
  await expect(said.getByRole('button', { name: /🎉 1 from Cem/ })).toBeVisible()
  await said.getByRole('button', { name: /🎉/ }).click()
  await expect(third.getByRole('button', { name: /🎉 2 from/ })).toBeVisible()
  await third.getByRole('button', { name: /🎉/ }).click()
  await expect(said.getByRole('button', { name: /🎉 1 from you/ })).toHaveAttribute('aria-pressed', 'true')
})

test('a post is pinned, edited, put back, taken back by undo, and hidden by an admin', async ({ group }) => {
  const { members } = await group('Orchard', ['Anna', 'Béla'])
  const [anna, bela] = members
  if (anna === undefined || bela === undefined) throw new Error('two are asked for')
  await bela.screen.write('Meet at nine')
  const theirs = bela.screen.post('Meet at')
  const ours = anna.screen.post('Meet at')
  const more = 'More about the post of Béla'
  await anna.screen.choose(ours.getByRole('button', { name: more }), 'Pin')
  await expect(bela.page.getByRole('region', { name: 'Pinned' })).toContainText('Meet at nine')
  // only its author may change what it says
  await ours.getByRole('button', { name: more }).click()
  await expect(anna.page.getByRole('button', { name: 'Edit', exact: true })).toHaveCount(0)
  await anna.page.keyboard.press('Escape')

  await bela.screen.choose(theirs.getByRole('button', { name: more }), 'Edit')
  await bela.screen.dialog.getByRole('textbox', { name: 'Text' }).fill('Meet at ten')
  await bela.screen.dialog.getByRole('button', { name: 'Save' }).click()
  await expect(ours).toContainText('Meet at ten')
  await bela.screen.choose(theirs.getByRole('button', { name: more }), 'History')
  await expect(bela.screen.dialog).toContainText('Meet at nine')
  await bela.screen.dialog
    .getByRole('button', { name: /^Bring this back/ })
    .last()
    .click()
  await expect(ours).toContainText('Meet at nine')

  await bela.screen.choose(bela.page.getByRole('button', { name: 'More to do here' }), 'Undo my last change')
  await expect(bela.screen.main.getByText('Your last change is taken back.')).toBeVisible()
  await expect(ours).toContainText('Meet at ten')
  await bela.screen.choose(bela.page.getByRole('button', { name: 'More to do here' }), 'Do it again')
  await expect(ours).toContainText('Meet at nine')

  await anna.screen.choose(ours.getByRole('button', { name: more }), 'Hide from everyone')
  await expect(theirs).toHaveCount(0)
  await expect(ours).toContainText('hidden from the others')
  await anna.screen.choose(ours.getByRole('button', { name: more }), 'Show to everyone again')
  await expect(theirs).toBeVisible()

  await bela.screen.choose(theirs.getByRole('button', { name: more }), 'Delete')
  await bela.screen.dialog.getByRole('button', { name: 'Delete' }).click()
  await expect(ours).toHaveCount(0)
})
