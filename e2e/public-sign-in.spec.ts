import { chromium, type Page } from '@playwright/test'
import { writingHref } from '../src/app/views/compose/hrefs.ts'
import { createCairnPage } from './cairn-page.ts'
import { keepKey, renew, watchSessions } from './consent.ts'
import { expect, NOT_INSTALLED, test } from './fixtures.ts'
import { PUBLIC_ARGS, PUBLIC_CERTIFICATE, PUBLIC_NAME, withPublicHost } from './public-host.ts'

test.use(NOT_INSTALLED)

const accounts = (page: Page) => page.getByRole('region', { name: 'Accounts' })

test('the app at a public address signs in as what its relay says that it is, which the server fetches itself', async ({
  pds,
  newAccount,
  startRelay,
  launchOptions,
}) => {
  test.setTimeout(150_000)
  const me = await newAccount()
  await pds.call('knowHost', { name: PUBLIC_NAME, certificate: PUBLIC_CERTIFICATE })
  const browser = await chromium.launch({
    ...launchOptions,
    args: [...(launchOptions.args ?? []), ...PUBLIC_ARGS],
  })
  try {
    await withPublicHost(async ({ origin, flags }) => {
      const context = await browser.newContext()
      const page = await context.newPage()
      const cairn = createCairnPage(page, { app: origin, pds: pds.url, plc: pds.plc })
      const list = accounts(page)
        .getByRole('listitem')
        .filter({ hasText: `@${me.handle}` })

      // A host that was not told its own address is nobody to a server: that is said, and nothing is sent.
      const nameless = await startRelay(...flags)
      await cairn.setUpByHand()
      await pds.call('forgetRequests', {})
      await accounts(page).getByRole('textbox', { name: 'Your handle' }).fill(me.handle)
      await accounts(page).getByRole('button', { name: 'Sign in', exact: true }).click()
      await expect(cairn.problem('account.no-client', { app: origin })).toBeVisible()
      expect(await pds.call('requests', { match: '/oauth/par' })).toEqual([])
      await nameless.stop()

      await startRelay(...flags, '--public-url', `${origin}/`)
      const seen = await watchSessions(context)
      await cairn.backUp(me, { records: 41 })
      await cairn.openRepo(me.did)
      const own = page.getByRole('region', { name: 'Your account?' })
      await own.getByRole('button', { name: 'Sign in to write' }).click()
      await own.getByRole('button', { name: 'Sign in', exact: true }).click()
      await page.waitForURL(/\/oauth\/authorize/)
      await page.getByRole('textbox', { name: 'Password' }).fill('password')
      await page.getByRole('button', { name: 'Sign in', exact: true }).click()
      // A server that knows an app by nothing but its address names that to the person.
      await expect(page.getByRole('button', { name: 'Authorize' })).toBeVisible()
      await expect(page.locator('body')).toContainText(PUBLIC_NAME)
      await page.getByRole('button', { name: 'Authorize' }).click()
      await expect(page).toHaveURL(`${origin}/repo/${me.did}`)
      await expect(own).toContainText('Cairn may write, change and delete records in its name.')
      await expect.poll(() => seen.length).toBe(1)
      const [mine] = seen
      if (mine === undefined) throw new Error('a session was given')
      expect(mine.clientId).toBe(`${origin}/oauth/client-metadata.json`)

      // What it may do it does, also after a reload.
      await cairn.open(writingHref(me.did))
      await page.getByRole('textbox', { name: 'Write a post' }).fill('From a public address')
      await page.getByRole('button', { name: 'Post', exact: true }).click()
      const texts = async () =>
        (await pds.call('listRecords', { did: me.did, collection: 'app.bsky.feed.post' })).map(
          ({ value }) => value['text'],
        )
      await expect.poll(texts, { timeout: 30_000 }).toContain('From a public address')

      await cairn.open('/settings')
      await keepKey(page, me.did)
      await list.getByRole('button', { name: 'Sign out' }).click()
      await expect(list).toHaveCount(0)
      await expect(accounts(page).getByText('could not be told yet')).toHaveCount(0)
      await expect
        .poll(async () => (await pds.call('requests', { match: '/oauth/revoke' })).at(-1)?.status)
        .toBe(200)
      expect(await renew(page, pds.url, mine)).toBe('invalid_grant')
    })
  } finally {
    await browser.close()
  }
})
