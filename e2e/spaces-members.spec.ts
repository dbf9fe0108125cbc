import {
  addTask,
  expect,
  namesOf,
  NOT_INSTALLED,
  PARTABLE,
  personOf,
  sent,
  setApart,
  test,
  titlesOf,
} from './space-fixtures.ts'
import { drawPicture } from './space-pictures.ts'

test.use(NOT_INSTALLED)

const HOUR = 60 * 60_000

test('roles: a writer becomes an admin, and then a reader who can write nothing; a face and a proven account', async ({
  group,
  newAccount,
  pds,
}) => {
  const { space, members } = await group('Orchard', ['Anna', 'Béla'])
  const [anna, bela] = members
  if (anna === undefined || bela === undefined) throw new Error('two are asked for')
  await expect(bela.page.getByRole('button', { name: 'Share a link' })).toHaveCount(0)
  await anna.screen.tab('Members')
  const role = anna.screen.person('Béla').getByRole('combobox', { name: 'What Béla may do' })
  await role.selectOption('Admin')
  await expect(bela.page.getByRole('button', { name: 'Share a link' })).toBeVisible()
  // an admin decides about writers and readers, and not about the owner
  await bela.screen.tab('Members')
  await expect(bela.screen.person('Anna')).toContainText('owner')
  await expect(bela.screen.person('Anna').getByRole('combobox')).toHaveCount(0)

  await role.selectOption('Reads')
  await expect(bela.page.getByRole('button', { name: 'Share a link' })).toHaveCount(0)
  await bela.screen.tab('Posts')
  await expect(bela.screen.main).toContainText('You can read here.')
  await expect(bela.screen.main.getByRole('textbox')).toHaveCount(0)
  await expect(addTask(bela, space, 'Mine')).rejects.toThrow('spaces.read-only')
  await role.selectOption('Writes')
  await bela.screen.write('Back again')
  await anna.screen.tab('Posts')
  await expect(anna.screen.post('Back again')).toBeVisible()

  // who somebody is: a picture, and an account whose own repo says so
  await anna.screen.tab('Members')
  await bela.screen.tab('Members')
  const face = bela.screen.person('Anna').locator('.ava img')
  await expect(face).toHaveCount(0)
  await anna.page.getByLabel('Change the picture').setInputFiles({
    ...{ name: 'anna.jpg', mimeType: 'image/jpeg' },
    buffer: await drawPicture(anna.page, 3, 400, 400),
  })
  await expect(face).toBeVisible()
  await expect.poll(() => face.evaluate((image: HTMLImageElement) => image.naturalWidth)).toBeGreaterThan(0)

  const account = await newAccount({ posts: 1, likes: 0, follows: 0, images: 0 })
  await anna.engine.accounts.signInWithPassword({ who: account.did, password: 'password' })
  await anna.keep(account.did)
  await anna.page.getByRole('button', { name: 'Show an account' }).click()
  const { dialog } = anna.screen
  await expect(dialog).toContainText('can tell from the record which of its members the account is')
  await expect(dialog).toContainText('The record is written at once.')
  await dialog.getByRole('button', { name: 'Show it' }).click()
  await expect(anna.screen.main).toContainText('Your account: its repository says so too')
  const collection = 'app.cairn.space.member'
  const written = async () => (await pds.call('listRecords', { did: account.did, collection })).length
  expect(await written()).toBe(1)
  const row = bela.screen.person('Anna')
  await expect(row.locator('.proven')).toHaveText(`@${account.handle}, proven`)
  await expect(row).toContainText('read from its own server and held against its signature')
  // somebody who says the same of themselves is believed by nobody
  await bela.engine.spaces.setAccount(space, account.did)
  await expect(anna.screen.person('Béla')).toContainText('which nothing proves')
  await expect(anna.screen.person('Béla').locator('.proven')).toHaveCount(0)

  await anna.page.getByRole('button', { name: 'Take it back' }).click()
  await dialog.getByRole('button', { name: 'Take it back' }).click()
  await expect(row.locator('.proven')).toHaveCount(0)
  await expect.poll(written).toBe(0)
})

test('who is removed is told, keeps what was there, and reads nothing of what comes later', async ({
  group,
}) => {
  const { space, members } = await group('Orchard', ['Anna', 'Béla', 'Cem'])
  const [anna, bela, cem] = members
  if (anna === undefined || bela === undefined || cem === undefined) throw new Error('three are asked for')
  await addTask(anna, space, 'Before')
  await expect.poll(() => titlesOf(bela, space)).toEqual(['Before'])
  await anna.screen.tab('Members')
  await anna.screen.person('Béla').getByRole('button', { name: 'Remove Béla' }).click()
  await anna.screen.dialog.getByRole('button', { name: /^Remove/ }).click()
  await expect(anna.screen.person('Béla')).toHaveCount(0)
  await addTask(anna, space, 'After')
  await expect.poll(() => titlesOf(cem, space)).toEqual(['After', 'Before'])

  await expect(bela.screen.main).toContainText('You were removed from this space.')
  await expect(bela.screen.main.getByRole('textbox')).toHaveCount(0)
  expect(await titlesOf(bela, space)).toEqual(['Before'])
  await expect(addTask(bela, space, 'Mine')).rejects.toThrow()
  // not from the store either, when nobody else is there
  await sent(anna, space)
  await anna.context.close()
  await cem.context.close()
  await bela.page.reload()
  await expect(bela.screen.main).toContainText('You were removed from this space.')
  expect(await titlesOf(bela, space)).toEqual(['Before'])
})

test('two admins remove two people at the same time, apart: neither of the two reads on', async ({
  group,
}) => {
  const { space, members } = await group('Orchard', ['Anna', 'Béla', 'Cem', 'Dana'], PARTABLE)
  const [anna, bela, cem, dana] = members
  if (anna === undefined || bela === undefined || cem === undefined || dana === undefined)
    throw new Error('four are asked for')
  await anna.engine.spaces.setRole(space, await personOf(anna, space, 'Béla'), 'admin')
  await expect.poll(async () => (await bela.engine.spaces.get(space))?.role).toBe('admin')
  await addTask(anna, space, 'Before')
  for (const each of [bela, cem, dana]) await expect.poll(() => titlesOf(each, space)).toEqual(['Before'])

  await setApart([anna, bela], true)
  await anna.engine.spaces.removePerson(space, await personOf(anna, space, 'Cem'))
  await bela.engine.spaces.removePerson(space, await personOf(bela, space, 'Dana'))
  await addTask(anna, space, 'By Anna, apart')
  await addTask(bela, space, 'By Béla, apart')
  await setApart([anna, bela], false)
  for (const each of [anna, bela])
    await expect.poll(() => namesOf(each, space), { timeout: 30_000 }).toEqual(['Anna', 'Béla'])
  await addTask(anna, space, 'Later')
  await addTask(bela, space, 'Later too')
  for (const each of [anna, bela])
    await expect
      .poll(() => titlesOf(each, space), { timeout: 30_000 })
      .toEqual(['Before', 'By Anna, apart', 'By Béla, apart', 'Later', 'Later too'])
  for (const out of [cem, dana]) {
    await expect(out.screen.main).toContainText('You were removed from this space.')
    const read = await titlesOf(out, space)
    // Cem may have what Béla sealed before she heard of his removal, and Dana what Anna did; never what came after
    expect(read).toContain('Before')
    expect(read).not.toContain('Later')
    expect(read).not.toContain('Later too')
  }
  expect(await titlesOf(cem, space)).not.toContain('By Anna, apart')
  expect(await titlesOf(dana, space)).not.toContain('By Béla, apart')
})

test('one leaves, and comes back only by a new link', async ({ group }) => {
  const { space, members, link } = await group('Orchard', ['Anna', 'Béla'])
  const [anna, bela] = members
  if (anna === undefined || bela === undefined) throw new Error('two are asked for')
  await bela.screen.write('So long')
  await bela.screen.tab('Members')
  await bela.page.getByRole('button', { name: 'Leave this space' }).click()
  await bela.screen.dialog.getByRole('button', { name: 'Leave', exact: true }).click()
  await expect(bela.screen.main).toContainText('You left this space.')
  await anna.screen.tab('Members')
  await expect(anna.screen.person('Béla')).toHaveCount(0)
  await anna.screen.tab('Posts')
  // what they wrote stays, under the name that they had
  await expect(anna.screen.post('So long')).toContainText('Béla')
  await addTask(anna, space, 'After')
  await sent(anna, space)
  expect(await titlesOf(bela, space)).toEqual([])

  await bela.screen.follow(link)
  await bela.screen.accept('Béla')
  await expect.poll(() => namesOf(anna, space)).toEqual(['Anna', 'Béla'])
  // with the next thing that is written comes the key of all that was written meanwhile
  await addTask(anna, space, 'Later')
  await expect.poll(() => titlesOf(bela, space)).toEqual(['After', 'Later'])
})

test('whoever was named takes over when the owner is gone', async ({ group }) => {
  const { space, members } = await group('Orchard', ['Anna', 'Béla', 'Cem'])
  const [anna, bela, cem] = members
  if (anna === undefined || bela === undefined || cem === undefined) throw new Error('three are asked for')
  await anna.screen.tab('Members')
  await anna.page.getByRole('combobox', { name: 'Successor' }).selectOption('Béla')
  await anna.page.getByRole('button', { name: 'Set', exact: true }).click()
  await expect(anna.screen.main).toContainText('They can take over when you are gone.')
  await sent(anna, space)
  await anna.context.close()

  await cem.screen.tab('Members')
  await cem.page.getByRole('button', { name: 'Take over' }).click()
  await cem.screen.dialog.getByRole('button', { name: 'Take over' }).click()
  await expect(cem.screen.dialog.getByRole('alert')).toBeVisible()
  await cem.screen.dialog.getByRole('button', { name: 'Not now' }).click()

  await bela.screen.tab('Members')
  await expect
    .poll(async () => {
      await bela.page.getByRole('button', { name: 'Take over' }).click()
      await bela.screen.dialog.getByRole('button', { name: 'Take over' }).click()
      await expect(
        bela.screen.dialog.getByRole('alert').or(bela.screen.person('Béla').getByText('owner')),
      ).toBeVisible()
      const isOwner = (await bela.engine.spaces.get(space))?.isOwner
      if (isOwner !== true) await bela.screen.dialog.getByRole('button', { name: 'Not now' }).click()
      return isOwner
    })
    .toBe(true)
  await bela.screen.person('Cem').getByRole('combobox').selectOption('Admin')
  await expect.poll(async () => (await cem.engine.spaces.get(space))?.role).toBe('admin')
  const link = await bela.engine.spaces.makeLink(space, { kind: 'editor', expiresIn: HOUR, uses: 1 })
  expect(link.state).toBe('live')
})
