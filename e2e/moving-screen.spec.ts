import { readFile } from 'node:fs/promises'
import type { Download, Page } from '@playwright/test'
import { movingHref } from '../src/app/lib/routes.ts'
import { overflowOf, violationsOf } from './axe.ts'
import { expect, test as base } from './fixtures.ts'
import { openNodeDevice } from './node-device.ts'
import { startPds, type Pds } from './pds/client.ts'
import { everything, mailOf, NEW_PASSWORD, placeFor, prepared } from './two-servers.ts'

/** A second server, on the directory of the one that all tests share. */
const test = base.extend<object, { next: Pds }>({
  next: [
    async ({ pds }, use) => {
      const next = await startPds({ plc: pds.plc, domain: '.new.test', invites: true })
      await use(next)
      await next.stop()
    },
    { scope: 'worker', timeout: 90_000 },
  ],
})

const RECORDS = 41

const card = (page: Page, name: string | RegExp) => page.getByRole('region', { name })

/** Fills in where the account goes. */
async function fillPlace(page: Page, place: Awaited<ReturnType<typeof placeFor>>): Promise<void> {
  const form = card(page, 'Move to another server')
  await form.getByRole('textbox', { name: 'New server' }).fill(place.server)
  await form.getByRole('textbox', { name: 'Handle there' }).fill(place.handle)
  await form.getByRole('textbox', { name: 'Mail address' }).fill(place.email)
  await form.getByRole('textbox', { name: 'Invite code' }).fill(place.invite)
}

async function saved(page: Page, button: string): Promise<string> {
  const started = page.waitForEvent('download')
  await page.getByRole('button', { name: button }).click()
  const download: Download = await started
  return readFile(await download.path(), 'utf8')
}

/** Nothing that axe finds, and nothing cut off, in both colours and at both widths. */
async function looksRight(page: Page): Promise<void> {
  for (const colorScheme of ['light', 'dark'] as const) {
    for (const viewport of [
      { width: 360, height: 740 },
      { width: 1180, height: 800 },
    ]) {
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
      await page.setViewportSize(viewport)
      expect(await violationsOf(page)).toEqual([])
      const over = await overflowOf(page)
      expect(over, `too wide at ${viewport.width}`).toBeLessThanOrEqual(0)
    }
  }
}

test('a person makes a recovery key, keeps it, and moves, all on one screen', async ({
  cairn,
  pds,
  next,
  newAccount,
}) => {
  test.setTimeout(150_000)
  const account = await newAccount()
  const { did } = account
  const { page } = cairn
  await cairn.backUp(account, { records: RECORDS, blobs: 7 })
  const before = await everything(pds, did)
  const preferences = [{ $type: 'app.bsky.actor.defs#interestsPref', tags: ['stones'] }]
  await pds.call('callAs', { did, method: 'app.bsky.actor.putPreferences', body: { preferences } })
  await cairn.openRepo(did, 'health')
  await page.getByRole('link', { name: 'Move or rescue this account' }).click()

  const key = card(page, 'Recovery key')
  await expect(key).toContainText('none of which was made on this device')
  await key.getByRole('button', { name: 'Make a recovery key' }).click()
  await expect(key.getByRole('list', { name: 'The words of the key' }).getByRole('listitem')).toHaveCount(24)
  await looksRight(page)
  const file = await saved(page, 'Save the key file')
  await key.getByRole('button', { name: 'I have kept it' }).click()
  await key.getByRole('textbox', { name: 'Your recovery key, 24 words' }).fill('abandon '.repeat(24))
  await key.getByRole('button', { name: 'Check it' }).click()
  await expect(cairn.problem('moving.bad-key', {}, page)).toBeVisible()
  const chosen = { name: 'key.json', mimeType: 'application/json', buffer: Buffer.from(file) }
  await key.getByLabel('Or its file').setInputFiles(chosen)
  await key.getByRole('button', { name: 'Check it' }).click()

  // the server's own page, and back
  await key.getByRole('button', { name: 'Sign in', exact: true }).click()
  await page.waitForURL(/\/oauth\/authorize/)
  await page.getByRole('textbox', { name: 'Password' }).fill('password')
  await page.getByRole('button', { name: 'Sign in', exact: true }).click()
  await page.getByRole('button', { name: 'Authorize' }).click()
  await page.waitForURL(new RegExp(`${movingHref(did)}$`))
  await key.getByRole('button', { name: 'Send me a code by mail' }).click()
  const code = key.getByRole('textbox', { name: /^Code from the mail/ })
  await expect(code).toBeVisible()
  await code.fill((await pds.call('mailedCode', { to: mailOf(account) })) ?? '')
  await key.getByRole('button', { name: 'Add the key' }).click()
  await expect(key).toContainText('Your key is the most powerful one of this account')

  const place = await placeFor(account, next)
  await fillPlace(page, { ...place, invite: '' })
  await page.getByRole('button', { name: 'Look ahead' }).click()
  const plan = card(page, 'What would happen')
  await expect(plan).toContainText('takes accounts with an invite code only')
  await expect(page.getByRole('button', { name: 'Begin the move' })).toHaveCount(0)
  await fillPlace(page, place)
  await page.getByRole('button', { name: 'Look ahead' }).click()
  await expect(plan).toContainText('Nothing is in the way')
  await looksRight(page)
  await page.getByRole('button', { name: 'Begin the move' }).click()

  const needs = card(page, 'What is needed from you')
  await needs.getByLabel('Password for the new server').fill(NEW_PASSWORD)
  await needs.getByRole('button', { name: 'Go on' }).click()
  await expect(needs).toContainText('The last word is yours', { timeout: 30_000 })
  await looksRight(page)
  // a reload forgets the password, which is not needed any more
  await page.reload()
  await needs
    .getByRole('textbox', { name: 'Code from the mail' })
    .fill((await pds.call('mailedCode', { to: mailOf(account) })) ?? '')
  await needs.getByRole('button', { name: 'Change the identity' }).click()
  await expect(page.getByRole('heading', { name: /^Your account is at/ })).toBeVisible({ timeout: 30_000 })
  await expect(page.getByRole('main')).toContainText('Every record is the same, and no blob lacks.')
  await expect(page.getByRole('main')).toContainText('1 preference carried over.')
  await next.call('signIn', { did, password: NEW_PASSWORD })
  expect(await next.call('callAs', { did, method: 'app.bsky.actor.getPreferences' })).toEqual({ preferences })
  const report = await saved(page, 'Save the report')
  expect(report).toContain(did)
  expect(report).toContain('Every record is the same')
  expect(report).not.toContain(NEW_PASSWORD)
  expect(await everything(next, did)).toEqual(before)
  await looksRight(page)
})

test('a person rescues an account whose server is gone, from a browser that has its copy', async ({
  cairn,
  pds,
  next,
  newAccount,
}) => {
  test.setTimeout(150_000)
  const account = await newAccount()
  const { did } = account
  const { page } = cairn
  const laptop = await openNodeDevice(pds)
  await laptop.keep(did)
  const file = await prepared(laptop, pds, account)
  await laptop.close()
  await cairn.backUp(account, { records: RECORDS, blobs: 7 })
  const before = await everything(pds, did)
  await pds.call('stopServer', {})

  await cairn.open(movingHref(did))
  const form = card(page, 'Move to another server')
  await form.getByRole('radio', { name: 'It is gone, or will not help' }).check()
  await fillPlace(page, await placeFor(account, next))
  const key = { name: 'key.json', mimeType: 'application/json', buffer: Buffer.from(file) }
  await form.getByLabel('Or its file').setInputFiles(key)
  await form.getByRole('button', { name: 'Look ahead' }).click()
  await expect(card(page, 'What would happen')).toContainText(
    'Your recovery key is the most powerful one of the account.',
  )
  await looksRight(page)
  await form.getByRole('button', { name: 'Begin the rescue' }).click()
  const needs = card(page, 'What is needed from you')
  await needs.getByLabel('Password for the new server').fill(NEW_PASSWORD)
  await needs.getByRole('button', { name: 'Go on' }).click()
  await expect(page.getByRole('heading', { name: /^Your account is at/ })).toBeVisible({ timeout: 45_000 })
  await expect(page.getByRole('main')).toContainText('Every record is the same, and no blob lacks.')
  expect(await everything(next, did)).toEqual(before)
})
