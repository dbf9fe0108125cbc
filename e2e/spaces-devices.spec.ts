import { toHex } from '../src/core/bytes.ts'
import { parseDeviceLink } from '../src/spaces/links/device-link.ts'
import { offerPlace } from '../src/spaces/links/device-place.ts'
import { setEngineClock } from './engine.ts'
import {
  addTask,
  expect,
  namesOf,
  NOT_INSTALLED,
  PARTABLE,
  personOf,
  setApart,
  test,
  titlesOf,
} from './space-fixtures.ts'

test.use(NOT_INSTALLED)

/** How long a link for another device can be used, ms. */
const LINK_LIFE = 10 * 60_000

test('a link that the first device shows makes another one the same person’s: both write, and it works once, in time', async ({
  app,
  group,
  someone,
}) => {
  const { space, members } = await group('Orchard', ['Anna', 'Béla'], PARTABLE)
  const [laptop, bela] = members
  if (laptop === undefined || bela === undefined) throw new Error('two are asked for')
  await laptop.screen.write('Bring ladders on Saturday')
  // one that nobody opened in time: made ten minutes ago, as its device has it, and two seconds before it ends
  await setEngineClock(laptop.page, 2_000 - LINK_LIFE)
  const late = await laptop.engine.spaces.deviceLink(space)
  await setEngineClock(laptop.page, 0)
  const phone = await someone('Anna', PARTABLE)
  const place = toHex(await offerPlace(await parseDeviceLink(late.url)))
  const kept = async () => (await fetch(`${app.url}/join/${place}`)).status
  await expect.poll(kept).toBe(410)
  await phone.screen.follow(late.url)
  await phone.screen.addDevice('Anna’s phone')
  await expect(phone.screen.problem('spaces.link-expired')).toBeVisible()
  expect(await phone.engine.spaces.list()).toEqual([])

  await laptop.screen.tab('Members')
  await laptop.page.getByRole('button', { name: 'Add a device' }).click()
  const { dialog } = laptop.screen
  await expect(dialog.getByRole('img', { name: /^QR code/ })).toBeVisible()
  const link = await dialog.getByRole('textbox', { name: 'Link' }).inputValue()
  expect(link).toMatch(/#\/device\/[\w-]{22}\.[\w-]{43}$/)

  await phone.screen.follow(link)
  expect(phone.page.url()).not.toContain('#')
  await expect(phone.page.getByRole('heading', { level: 1 })).toHaveText('Add this device?')
  await phone.screen.addDevice('Anna’s phone')
  await expect(phone.page.getByRole('heading', { level: 1 })).toHaveText('Orchard')
  await expect(phone.screen.post('Bring ladders on Saturday')).toBeVisible()
  await expect(dialog.getByRole('status')).toContainText('was added by this link')
  await expect(dialog.getByRole('img', { name: /^QR code/ })).toHaveCount(0)
  await dialog.getByRole('button', { name: 'Done' }).click()

  // somebody who saw the code comes too late
  const third = await someone('Mallory', PARTABLE)
  await third.screen.follow(link)
  await third.screen.addDevice('Mallory')
  await expect(third.screen.problem('spaces.link-used-up')).toBeVisible()
  expect(await third.engine.spaces.list()).toEqual([])
  await third.context.close()

  // one person, whose devices both write
  await phone.screen.write('From the phone')
  for (const { screen } of [laptop, bela]) await screen.tab('Posts')
  await expect(bela.screen.post('From the phone')).toContainText('Anna')
  await expect(laptop.screen.post('From the phone')).toBeVisible()
  for (const each of [laptop, phone, bela]) {
    expect(await namesOf(each, space)).toEqual(['Anna', 'Béla'])
    expect(await personOf(each, space, 'Anna')).toBe(await personOf(bela, space, 'Anna'))
  }
  // the authority came along: a device of the owner makes admins
  await phone.screen.tab('Members')
  await phone.screen.person('Béla').getByRole('combobox').selectOption('Admin')
  await expect.poll(async () => (await bela.engine.spaces.get(space))?.role).toBe('admin')

  // apart, each changes the same task, and another
  await addTask(laptop, space, 'Prune')
  for (const { screen } of [laptop, phone]) {
    await screen.tab('Tasks')
    await expect(screen.task('Prune')).toBeVisible()
  }
  await setApart([laptop, phone], true)
  // goes from the list of what is open
  await laptop.page.getByRole('checkbox', { name: 'Prune: done' }).click()
  await expect(laptop.screen.task('Prune')).toHaveCount(0)
  await addTask(laptop, space, 'By the laptop')
  await phone.screen.task('Prune').getByRole('button', { name: 'Prune', exact: true }).click()
  await phone.page.getByRole('textbox', { name: 'Title' }).fill('Prune the old tree')
  await phone.page.getByRole('button', { name: 'Save' }).click()
  await addTask(phone, space, 'By the phone')
  await setApart([laptop, phone], false)
  for (const each of [laptop, phone, bela]) {
    await expect
      .poll(() => titlesOf(each, space), { timeout: 30_000 })
      .toEqual(['By the laptop', 'By the phone', 'Prune the old tree'])
    const tasks = await each.engine.spaces.entities(space, 'task')
    expect(tasks.filter(({ fields }) => 'done' in fields && fields.done)).toMatchObject([
      { fields: { title: 'Prune the old tree' } },
    ])
  }

  // the phone is lost: the laptop removes it
  await laptop.screen.tab('Members')
  const self = laptop.screen.person('Anna')
  await self.getByText('2 devices').click()
  await self.getByRole('button', { name: /^Remove Device/ }).click()
  await dialog.getByRole('button', { name: 'Remove it' }).click()
  await expect(self).toContainText('1 device')
  await addTask(laptop, space, 'Later')
  await expect.poll(() => titlesOf(bela, space)).toContain('Later')
  await expect(phone.screen.main).toContainText('You were removed from this space.')
  expect(await titlesOf(phone, space)).not.toContain('Later')
  await expect(addTask(phone, space, 'Mine')).rejects.toThrow('spaces.removed')
})
