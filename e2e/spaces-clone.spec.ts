import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { BrowserContext } from '@playwright/test'
import { setUpDevice } from './device.ts'
import { createSpaceScreen } from './space-screen.ts'
import { expect, namesOf, PARTABLE, sent, test, type Member } from './space-fixtures.ts'

test('a profile that was copied is noticed: one of the two becomes a device of its own, with its unsent edits kept', async ({
  playwright,
  launchOptions,
  someone,
  app,
  pds,
}) => {
  const folder = await mkdtemp(join(tmpdir(), 'cairn-profile-'))
  const open = new Set<BrowserContext>()
  /** A browser whose storage is a folder; `offline` from before it opens the app. */
  const profile = async (name: string, offline: boolean): Promise<Member> => {
    const context = await playwright.chromium.launchPersistentContext(join(folder, name), launchOptions)
    open.add(context)
    await context.setOffline(offline)
    const urls = { app: app.url, pds: pds.url, plc: pds.plc }
    const device = await setUpDevice(context, urls, PARTABLE)
    if (!offline) await device.connected()
    return { ...device, name: 'Anna', screen: createSpaceScreen(device.page, app.url) }
  }
  try {
    const bela = await someone('Béla', PARTABLE)
    const anna = await profile('anna', false)
    const space = await anna.screen.make('Orchard', 'Anna')
    const link = await anna.screen.share()
    await bela.engine.spaces.join(link, { name: 'Béla' })
    await anna.screen.dialog.getByRole('button', { name: 'Done' }).click()
    await anna.screen.write('Known to all')
    await bela.screen.open(space)
    await expect(bela.screen.post('Known to all')).toBeVisible()
    await sent(anna, space)
    await anna.tab.installed()
    await anna.context.setOffline(true)
    await anna.screen.write('Unsent when it was copied')
    await anna.context.close()
    open.delete(anna.context)
    // a lock names the process that had it
    await cp(join(folder, 'anna'), join(folder, 'copy'), {
      recursive: true,
      filter: (path) => !/Singleton\w+$/.test(path),
    })

    const copy = await profile('copy', true)
    await copy.screen.open(space)
    await expect(copy.screen.post('Unsent when it was copied')).toBeVisible()
    await copy.screen.write('By the copy, unsent')
    const first = await profile('anna', false)
    await first.screen.open(space)
    await first.screen.write('By the first')
    await expect(bela.screen.post('By the first')).toBeVisible()
    await sent(first, space)
    const [, before] = await Promise.all(
      [bela, first].map(async ({ engine }) => (await engine.spaces.get(space))?.device),
    )
    expect((await copy.engine.spaces.get(space))?.device, 'both are one device still').toBe(before)

    await copy.context.setOffline(false)
    const all = ['Known to all', 'Unsent when it was copied', 'By the first', 'By the copy, unsent']
    for (const { screen } of [bela, copy, first])
      for (const text of all) await expect(screen.post(text), text).toHaveCount(1, { timeout: 30_000 })
    const devices = async () =>
      new Set(
        await Promise.all([copy, first].map(async ({ engine }) => (await engine.spaces.get(space))?.device)),
      )
    await expect.poll(async () => (await devices()).size, { timeout: 30_000 }).toBe(2)
    // said to the person, and to nobody else: the others see one person with two devices
    const told = async ({ engine }: Member) =>
      (await engine.activity.list({ limit: 50 })).filter(({ kind }) => kind === 'space.cloned').length
    expect((await told(copy)) + (await told(first))).toBe(1)
    const noticed = (await told(copy)) === 1 ? copy : first
    await noticed.tab.open('/activity')
    await expect(noticed.screen.main).toContainText(
      'Another copy of this browser’s profile writes to Orchard.',
    )
    await expect
      .poll(async () => {
        const { persons = [] } = (await bela.engine.spaces.get(space)) ?? {}
        return persons.find(({ name }) => name === 'Anna')?.devices.length
      })
      .toBe(2)
    expect(await namesOf(bela, space)).toEqual(['Anna', 'Béla'])

    // from here on they are two devices like any others
    await noticed.screen.open(space)
    await copy.screen.write('Once more by the copy')
    await first.screen.write('Once more by the first')
    for (const { screen } of [bela, copy, first])
      for (const text of ['Once more by the copy', 'Once more by the first'])
        await expect(screen.post(text), text).toHaveCount(1)
  } finally {
    await Promise.all([...open].map((context) => context.close()))
    await rm(folder, { recursive: true, force: true })
  }
})
