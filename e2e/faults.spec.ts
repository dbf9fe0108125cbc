import { expect, NOT_INSTALLED, test } from './fixtures.ts'
import { tid } from './pds/seed.ts'

test.use(NOT_INSTALLED)

const GETREPO = 'com.atproto.sync.getRepo?'
const RECORDS = 41

test('a transfer that is cut is tried again by itself', async ({ cairn, pds, newAccount }) => {
  const account = await newAccount()
  await pds.faults({ match: GETREPO, kind: 'cut', after: 5_000, times: 2 })
  await cairn.backUp(account, { records: RECORDS })
  expect(
    (await pds.call('requests', { match: GETREPO }))
      .filter(({ path }) => decodeURIComponent(path).includes(account.did))
      .map(({ fault }) => fault),
  ).toEqual(['cut', 'cut', undefined])
})

test('a server that always cuts is named, and another try goes on', async ({ cairn, pds, newAccount }) => {
  test.setTimeout(180_000)
  const account = await newAccount()
  await pds.faults({ match: GETREPO, kind: 'cut', after: 5_000 })
  await cairn.open('/')
  await cairn.add(account.handle)
  const host = new URL(pds.url).host
  await expect(
    cairn.page.getByRole('alert').filter({ hasText: new RegExp(`${host}|localhost`) }),
  ).toBeVisible({ timeout: 120_000 })
  await pds.faults()
  await cairn.page.getByRole('button', { name: 'Try again' }).click()
  await expect(cairn.row(`@${account.handle}`)).toContainText(`${RECORDS} records`)
})

test('a server that stalls does not hold the app, can be left, and goes on later', async ({
  cairn,
  pds,
  newAccount,
}) => {
  const { page } = cairn
  const account = await newAccount()
  await pds.faults({ match: GETREPO, kind: 'stall', after: 5_000 })
  await cairn.open('/')
  await cairn.add(account.handle)
  await expect.poll(async () => (await pds.call('requests', { match: GETREPO })).at(-1)?.bytes).toBe(5_000)
  await page.getByRole('button', { name: /^Pause/ }).click()
  await expect(page.getByRole('main').getByRole('progressbar')).toHaveCount(0)
  await pds.faults()
  await cairn.add(account.handle)
  await expect(cairn.row(`@${account.handle}`)).toContainText(`${RECORDS} records`)
})

test('garbage in the middle is refused with a sentence and never becomes a head', async ({
  cairn,
  pds,
  newAccount,
}) => {
  const { page } = cairn
  const account = await newAccount()
  await cairn.backUp(account, { records: RECORDS })
  await pds.call('applyWrites', {
    did: account.did,
    writes: [
      { $type: 'com.atproto.repo.applyWrites#delete', collection: 'app.bsky.feed.post', rkey: tid(1) },
    ],
  })
  await pds.faults({ match: GETREPO, kind: 'garbage', after: 300 })
  await cairn.openRepo(account.did)
  await page.getByRole('button', { name: 'Back up now' }).click()
  const alert = page.getByRole('main').getByRole('alert')
  await expect(alert).toContainText(/match its own hash|CAR file|ends in the middle|laid out/, {
    timeout: 60_000,
  })
  await expect(page.getByRole('main')).toContainText(`${RECORDS} records, whole`)
  await pds.faults()
  await alert.getByRole('button', { name: 'Try again' }).click()
  await expect(page.getByRole('main')).toContainText(`${RECORDS - 1} records, whole`)
})

test('another account’s repo is refused as such', async ({ cairn, pds, newAccount }) => {
  const account = await newAccount()
  const other = await newAccount()
  await pds.faults({ match: GETREPO, kind: 'swap', did: other.did })
  await cairn.open('/')
  await cairn.add(account.handle)
  await expect(cairn.problem('repo.did-mismatch')).toBeVisible()
  await cairn.openRepo(other.did)
  await expect(cairn.page.getByRole('heading', { level: 1 })).toHaveText('Not kept here')
})

test('a captive portal’s page instead of an answer is refused with a sentence', async ({
  cairn,
  pds,
  newAccount,
}) => {
  const account = await newAccount()
  await pds.faults({
    match: GETREPO,
    kind: 'status',
    status: 200,
    body: { welcome: 'Please sign in to the network' },
  })
  await cairn.open('/')
  await cairn.add(account.handle)
  await expect(cairn.page.getByRole('alert')).toContainText(
    /makes no sense here|start like a CAR file|ends in the middle/,
    { timeout: 60_000 },
  )
})

test('a blob that the server no longer has is counted as missing, and can be skipped', async ({
  cairn,
  pds,
  newAccount,
}) => {
  const { page } = cairn
  const account = await newAccount()
  await pds.faults({
    match: 'com.atproto.sync.getBlob',
    kind: 'status',
    status: 400,
    body: { error: 'BlobNotFound', message: 'gone' },
    times: 1,
  })
  await cairn.backUp(account, { records: RECORDS }, { whole: false })
  await expect(cairn.row(`@${account.handle}`)).toContainText('1 blob missing')
  await cairn.openRepo(account.did, 'blobs')
  await page.getByRole('button', { name: /^Skip/ }).click()
  await cairn.open('/')
  await expect(cairn.row(`@${account.handle}`)).toContainText('Saved on this device')
})

test('a blob whose bytes do not match its hash is refused', async ({ cairn, pds, newAccount }) => {
  const account = await newAccount()
  await pds.faults({ match: 'com.atproto.sync.getBlob', kind: 'garbage', after: 0 })
  await cairn.backUp(account, { records: RECORDS }, { whole: false })
  await cairn.openRepo(account.did, 'blobs')
  await expect(cairn.page.getByRole('main').getByRole('img')).toHaveCount(0)
  await pds.faults()
  await cairn.page.getByRole('button', { name: 'Fetch 7 blobs' }).click()
  await expect(cairn.page.getByRole('main')).toContainText('7 of 7 blobs kept')
  await cairn.open('/')
  await expect(cairn.row(`@${account.handle}`)).toContainText('7 blobs')
  await expect(cairn.row(`@${account.handle}`)).toContainText('Saved on this device')
})
