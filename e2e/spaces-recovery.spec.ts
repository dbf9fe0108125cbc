import {
  confirmWords,
  enterWayBack,
  listIsKept,
  makeWords,
  openRecovery,
  recoveryCard,
  saveRecoveryFile,
  showWords,
} from './space-recovery.ts'
import { expect, namesOf, PARTABLE, sent, setApart, test, type Member } from './space-fixtures.ts'

/** Twelve words of the list that belong together, and are nobody's. */
const NOBODYS = `${'zoo '.repeat(11)}wrong`.split(' ')

/** Links of a space by which two can come. */
const TWO = { kind: 'editor', expiresIn: undefined, uses: 2 } as const

const rows = ({ screen }: Member) => screen.main.getByRole('listitem')

test('twelve words on paper open every space again on a bare device, when all others are gone', async ({
  app,
  someone,
  startRelay,
}) => {
  const [anna, bela] = await Promise.all([someone('Anna'), someone('Béla')])
  await openRecovery(anna)
  await expect(recoveryCard(anna.page)).toContainText('They are worth making once you are in a space.')
  const orchard = await anna.screen.make('Orchard', 'Anna')
  await anna.screen.write('Bring ladders on Saturday')
  // asked for, now that there is something to lose
  await anna.tab.open('/spaces')
  await expect(anna.screen.main).toContainText('Your spaces are on this device only.')
  const press = await bela.screen.make('Press', 'Béla')
  const { url = '' } = await bela.engine.spaces.makeLink(press, TWO)
  await anna.screen.follow(url)
  await anna.screen.accept('Anna')
  await expect(anna.page.getByRole('heading', { level: 1 })).toHaveText('Press')
  const link = await anna.engine.spaces.makeLink(orchard, TWO)
  await bela.engine.spaces.join(link.url ?? '', { name: 'Béla' })

  await anna.tab.open('/spaces')
  await anna.page.getByRole('link', { name: 'Make recovery words' }).click()
  const words = await showWords(anna)
  await confirmWords(anna, (place) => (place === 0 ? '' : `not ${words[place - 1]}`))
  await expect(anna.screen.dialog.getByRole('alert')).toContainText('That is not the word.')
  // as keyboards of phones write them
  await confirmWords(anna, (place) => ` ${(words[place - 1] ?? '').toUpperCase()} `)
  await expect(anna.screen.dialog.getByRole('heading')).toHaveText('You have a way back')
  await anna.screen.dialog.getByRole('button', { name: 'Done' }).click()
  await expect(recoveryCard(anna.page)).toContainText('They open 2 spaces.')
  await anna.tab.open('/spaces')
  await expect(rows(anna)).toHaveCount(2)
  await expect(anna.screen.main).not.toContainText('Your spaces are on this device only.')
  // and what comes later
  const shed = await anna.screen.make('Shed', 'Anna')
  await anna.screen.write('The key is under the pot')
  await listIsKept(anna, 3)
  for (const space of [orchard, press, shed]) await sent(anna, space)
  await anna.context.close()

  // at another relay, which knows the one that keeps the list, and has none itself
  const again = await someone('Anna', { relay: await startRelay('--peer', app.url) })
  await openRecovery(again)
  const { dialog } = again.screen
  await enterWayBack(again, { words: words.slice(1) })
  await expect(dialog.getByRole('status')).toContainText('Enter all 12 words; there are 11.')
  await enterWayBack(again, { words: NOBODYS })
  await expect(again.screen.problem('spaces.recovery-unknown')).toBeVisible()
  await enterWayBack(again, { words: [...words.slice(1), 'ladderz'] })
  await expect(again.screen.problem('keys.words')).toContainText('Word 12 is none of the list.')
  await enterWayBack(again, { words })
  await expect(again.screen.problem('spaces.recovery-unknown')).toContainText(
    'add a relay that you used before',
  )
  expect(await again.engine.spaces.list()).toEqual([])

  await again.engine.network.addRelay(app.url)
  await enterWayBack(again, { words })
  await expect(again.page.getByRole('heading', { level: 1 })).toHaveText('Spaces')
  await expect(rows(again)).toHaveCount(3)
  await again.screen.open(shed)
  await expect(again.screen.post('The key is under the pot')).toContainText('Anna')
  await again.screen.open(orchard)
  await expect(again.screen.post('Bring ladders on Saturday')).toBeVisible()
  await again.screen.write('Here again')
  await bela.screen.open(orchard)
  await expect(bela.screen.post('Here again')).toContainText('Anna')
  await bela.screen.write('Welcome back')
  await expect(again.screen.post('Welcome back')).toBeVisible()
  // one person, with the authority that was theirs
  expect(await namesOf(bela, orchard)).toEqual(['Anna', 'Béla'])
  await again.screen.tab('Members')
  await expect(again.screen.person('Anna')).toContainText('owner')
  await again.screen.person('Béla').getByRole('combobox').selectOption('Admin')
  await expect.poll(async () => (await bela.engine.spaces.get(orchard))?.role).toBe('admin')
  await again.screen.open(press)
  await again.screen.write('And here')
  await bela.screen.open(press)
  await expect(bela.screen.post('And here')).toContainText('Anna')
})

test('a recovery file opens them too, and the lost device is removed: it reads nothing that comes later', async ({
  app,
  group,
  someone,
  startRelay,
}) => {
  const { space, members } = await group('Orchard', ['Anna', 'Béla'], PARTABLE)
  const [lost, bela] = members
  if (lost === undefined || bela === undefined) throw new Error('two are asked for')
  await lost.screen.write('Before')
  await openRecovery(lost)
  await makeWords(lost)
  const file = await saveRecoveryFile(lost, 'amber lantern')
  await lost.screen.dialog.getByRole('button', { name: 'Done' }).click()
  expect(file.toString(), 'a passphrase hides the words').not.toContain('words')
  await listIsKept(lost, 1)
  await sent(lost, space)
  await lost.screen.open(space)
  // stolen, and out of reach
  await setApart([lost], true)
  await lost.screen.write('By who has it now')
  await expect(lost.screen.post('By who has it now')).toContainText('waiting to send')

  // at another relay: the file says which ones to ask
  const anna = await someone('Anna', { ...PARTABLE, relay: await startRelay('--peer', app.url) })
  await openRecovery(anna)
  await enterWayBack(anna, { file, passphrase: 'amber Lantern' })
  await expect(anna.screen.problem('keys.file-passphrase')).toBeVisible()
  await enterWayBack(anna, { file: file.subarray(0, -40), passphrase: 'amber lantern' })
  await expect(anna.screen.problem('keys.file-malformed')).toBeVisible()
  expect(await anna.engine.spaces.list()).toEqual([])
  await enterWayBack(anna, { file, passphrase: 'amber lantern' })
  await expect(anna.page.getByRole('heading', { level: 1 })).toHaveText('Spaces')
  await anna.screen.open(space)
  await expect(anna.screen.post('Before')).toBeVisible()

  await anna.screen.tab('Members')
  const self = anna.screen.person('Anna')
  await self.getByText('3 devices').click()
  await expect(self).toContainText('Recovery words')
  await self.getByRole('button', { name: /^Remove Device/ }).click()
  await anna.screen.dialog.getByRole('button', { name: 'Remove it' }).click()
  await expect(self).toContainText('2 devices')
  await anna.screen.tab('Posts')
  await anna.screen.write('After, by Anna')
  await expect(bela.screen.post('After, by Anna')).toBeVisible()
  await bela.screen.write('After, by Béla')
  await expect(anna.screen.post('After, by Béla')).toBeVisible()
  for (const each of [anna, bela]) await sent(each, space)

  // whoever has the lost one goes online with it: neither the members nor the store give it anything
  await setApart([lost], false)
  await expect(lost.screen.main).toContainText('You were removed from this space.', { timeout: 30_000 })
  await expect(lost.screen.post('Before')).toBeVisible()
  await expect(lost.screen.main.getByRole('textbox')).toHaveCount(0)
  await expect(lost.screen.main).toContainText('One change of yours was not sent: nobody else has it.')
  await expect(lost.screen.post('By who has it now')).toContainText('not sent')
  for (const each of [anna, bela]) {
    await expect(each.screen.post('By who has it now')).toHaveCount(0)
    await each.context.close()
  }
  await lost.page.reload()
  await expect(lost.screen.main).toContainText('You were removed from this space.')
  await expect(lost.screen.post('Before')).toBeVisible()
  await expect(lost.screen.post('After')).toHaveCount(0)
  const posts = await lost.engine.spaces.entities(space, 'post')
  expect(posts.map(({ fields }) => ('text' in fields ? fields.text : '')).sort()).toEqual([
    'Before',
    'By who has it now',
  ])
})
