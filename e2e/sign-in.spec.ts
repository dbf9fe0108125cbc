import type { Page } from '@playwright/test'
import { consent, keepKey, keyIsReadable, renew, signInOnPage, watchSessions } from './consent.ts'
import { expect, NOT_INSTALLED, test } from './fixtures.ts'
import type { Pds } from './pds/client.ts'
import { storedRows } from './stored.ts'

test.use(NOT_INSTALLED)

const accounts = (page: Page) => page.getByRole('region', { name: 'Accounts' })
const account = (page: Page, handle: string) =>
  accounts(page)
    .getByRole('listitem')
    .filter({ hasText: `@${handle}` })

test('signing in from a repo’s page comes back to it, with what was wanted and no code in the address', async ({
  cairn,
  newAccount,
}) => {
  const me = await newAccount()
  const { page } = cairn
  const addresses: string[] = []
  page.on('framenavigated', (frame) => addresses.push(frame.url()))
  await cairn.backUp(me, { records: 41 })
  await cairn.openRepo(me.did)
  const mine = page.getByRole('region', { name: 'Your account?' })
  await mine.getByRole('button', { name: 'Sign in to write' }).click()
  await mine.getByRole('button', { name: 'Sign in', exact: true }).click()
  await page.waitForURL(/\/oauth\/authorize/)
  await expect(page.getByRole('textbox', { name: 'Username or Email' })).toHaveValue(me.handle)
  await consent(page)
  await expect(page).toHaveURL(new RegExp(`/repo/${me.did}$`))
  await expect(mine).toContainText('Cairn may write, change and delete records in its name.')
  // the app was opened as localhost, and the server came back to the loopback address
  expect(new URL(page.url()).hostname).toBe('localhost')
  expect(addresses.some((url) => url.startsWith('http://127.0.0.1'))).toBe(true)
  // the history has neither the code nor the page that took it
  await page.goBack()
  expect(page.url()).not.toMatch(/code=|state=/)
})

test('an app that was opened by the loopback address signs in as well, and reloads keep the session', async ({
  page,
  app,
  pds,
  newAccount,
}) => {
  const me = await newAccount()
  const url = app.url.replace('localhost', '127.0.0.1')
  await page.goto(`${url}/settings`)
  await page.getByRole('textbox', { name: 'PLC directory' }).fill(pds.plc)
  await page.getByRole('textbox', { name: 'Handle resolver' }).fill(pds.url)
  await page.getByRole('textbox', { name: 'DNS over HTTPS' }).fill('')
  await page.getByRole('checkbox', { name: /^Allow addresses/ }).check()
  await page.getByRole('button', { name: 'Save', exact: true }).click()
  await expect(page.getByRole('button', { name: 'Undo' })).toHaveCount(0)
  await signInOnPage(page, url, me)
  await page.reload()
  await expect(account(page, me.handle)).toContainText('Cairn may see who you are, and nothing else.')
})

test('saying no on the server’s page is told as that, and signs nobody in', async ({ cairn, newAccount }) => {
  const me = await newAccount()
  const { page } = cairn
  await cairn.open('/settings')
  await accounts(page).getByRole('textbox', { name: 'Your handle' }).fill(me.handle)
  await accounts(page).getByRole('button', { name: 'Sign in', exact: true }).click()
  await consent(page, { allow: false })
  await expect(cairn.problem('account.denied', { host: new URL(cairn.urls.pds).host })).toBeVisible()
  // its answer counts once
  await page.reload()
  await expect(page.getByRole('main')).toContainText('There is no sign-in to end here')
  await page.getByRole('button', { name: 'Go to your accounts' }).click()
  await expect(accounts(page).getByRole('textbox', { name: 'Your handle' })).toBeVisible()
  await expect(accounts(page).getByRole('listitem')).toHaveCount(0)
})

test('two accounts stand side by side; signing out of one ends its session at the server and no other', async ({
  cairn,
  pds,
  newAccount,
  openTab,
}) => {
  const [ada, ben] = await Promise.all([newAccount(), newAccount()])
  const { page } = cairn
  const seen = await watchSessions(page.context())
  await signInOnPage(page, cairn.urls.app, ada)
  await signInOnPage(page, cairn.urls.app, ben)
  await expect(account(page, ada.handle)).toBeVisible()
  await expect.poll(() => seen.length).toBe(2)
  const [ofAda, ofBen] = seen
  if (ofAda === undefined || ofBen === undefined) throw new Error('two sessions were given')

  // nothing that opens a session lies in the database as it is
  const stored = await storedRows(page, ['accounts'])
  expect(stored).toContain(ada.did)
  for (const { refresh, access } of seen) {
    expect(stored).not.toContain(refresh)
    expect(stored).not.toContain(access)
  }

  const other = await openTab()
  await other.open('/settings')
  await expect(account(other.page, ada.handle)).toBeVisible()
  await keepKey(page, ada.did)
  await pds.call('forgetRequests', {})
  expect(await keyIsReadable(page)).toBe(false)
  await account(page, ada.handle).getByRole('button', { name: 'Sign out' }).click()
  await expect(account(page, ada.handle)).toHaveCount(0)
  await expect(account(other.page, ada.handle)).toHaveCount(0)
  await expect(account(page, ben.handle)).toBeVisible()
  await expect(accounts(page).getByText('could not be told yet')).toHaveCount(0)
  await told(pds, '/oauth/revoke')
  expect(await renew(page, pds.url, ofAda)).toBe('invalid_grant')
  // which is no fault of the question: the other session is renewed by the same one
  await keepKey(page, ben.did)
  expect(await renew(page, pds.url, ofBen)).toBe('renewed')
})

test('signing out with the server gone is done here at once, and told to it when it is back', async ({
  cairn,
  pds,
  newAccount,
}) => {
  const me = await newAccount()
  const { page } = cairn
  const seen = await watchSessions(page.context())
  await signInOnPage(page, cairn.urls.app, me)
  await expect.poll(() => seen.length).toBe(1)
  await keepKey(page, me.did)
  await pds.call('stopServer', {})
  await account(page, me.handle).getByRole('button', { name: 'Sign out' }).click()
  await expect(account(page, me.handle)).toHaveCount(0)
  await expect(accounts(page)).toContainText('could not be told yet')
  await pds.call('startServer', {})
  await expect(accounts(page)).not.toContainText('could not be told yet', { timeout: 30_000 })
  const [mine] = seen
  if (mine === undefined) throw new Error('a session was given')
  expect(await renew(page, pds.url, mine)).toBe('invalid_grant')
})

test('an app password signs in, is told from a wrong one, is kept nowhere, and its session ends for good', async ({
  cairn,
  pds,
  newAccount,
}) => {
  const me = await newAccount()
  const { page } = cairn
  const seen = await watchSessions(page.context())
  const password = await appPassword(pds.url, me.handle)
  await cairn.open('/settings')
  const form = accounts(page)
  await form.getByRole('textbox', { name: 'Your handle' }).fill(me.handle)
  await form.getByRole('button', { name: 'Use an app password' }).click()
  await form.getByLabel('App password').fill('not-my-app-password')
  await form.getByRole('button', { name: 'Sign in', exact: true }).click()
  await expect(cairn.problem('account.password-wrong', { host: new URL(pds.url).host })).toBeVisible()
  await form.getByLabel('App password').fill(password)
  await form.getByRole('button', { name: 'Sign in', exact: true }).click()
  await expect(account(page, me.handle)).toContainText('Signed in with an app password')
  await page.reload()
  await expect(account(page, me.handle)).toContainText('write, change and delete records')

  await expect.poll(() => seen.length).toBe(1)
  const [mine] = seen
  if (mine === undefined) throw new Error('a session was given')
  const stored = await storedRows(page, ['accounts'])
  for (const secret of [password, mine.refresh, mine.access]) expect(stored).not.toContain(secret)

  await account(page, me.handle).getByRole('button', { name: 'Sign out' }).click()
  await expect(account(page, me.handle)).toHaveCount(0)
  await told(pds, 'deleteSession')
  const again = await fetch(`${pds.url}/xrpc/com.atproto.server.refreshSession`, {
    method: 'POST',
    headers: { authorization: `Bearer ${mine.refresh}` },
  })
  expect([again.status, ((await again.json()) as { error: string }).error]).toEqual([400, 'ExpiredToken'])
})

test('deleting everything here ends the sessions at their servers', async ({ cairn, pds, newAccount }) => {
  const me = await newAccount()
  const { page } = cairn
  await signInOnPage(page, cairn.urls.app, me)
  await pds.call('forgetRequests', {})
  await page.getByRole('button', { name: 'Delete everything' }).click()
  const asked = page.getByRole('dialog')
  await asked.getByRole('textbox').fill('delete everything')
  await asked.getByRole('button', { name: 'Delete everything' }).click()
  await expect(page).toHaveURL(`${cairn.urls.app}/`)
  await told(pds, '/oauth/revoke')
})

/** Waits until the server was told something, and has taken it. */
async function told(pds: Pds, match: string): Promise<void> {
  const last = async () => (await pds.call('requests', { match })).at(-1)?.status
  await expect.poll(last).toBe(200)
}

/** Makes an app password, as an account's settings do. */
async function appPassword(pds: string, handle: string): Promise<string> {
  const post = async (method: string, body: object, token?: string): Promise<Record<string, string>> => {
    const response = await fetch(`${pds}/xrpc/com.atproto.server.${method}`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      },
      body: JSON.stringify(body),
    })
    return (await response.json()) as Record<string, string>
  }
  const { accessJwt } = await post('createSession', { identifier: handle, password: 'password' })
  const { password } = await post('createAppPassword', { name: 'cairn' }, accessJwt)
  if (password === undefined) throw new Error('the server made no app password')
  return password
}
