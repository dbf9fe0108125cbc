import { formatNumber } from '../src/app/lib/format.ts'
import { expect, test } from './fixtures.ts'
import { NEEDLE, tid } from './pds/seed.ts'

const RECORDS = 1_233
const BLOBS = 43

test('a first backup by handle holds every record and blob that the server lists', async ({
  cairn,
  pds,
  ada,
}) => {
  const { page } = cairn
  await cairn.backUp(ada, { records: RECORDS, blobs: BLOBS })

  const { collections } = await pds.call('describeRepo', ada)
  await cairn.openRepo(ada.did)
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Ada of the Hills')
  let records = 0
  const listed = new Map<string, string>()
  for (const collection of collections) {
    const all = await pds.call('listRecords', { did: ada.did, collection })
    for (const { uri, value } of all) listed.set(uri, JSON.stringify(sorted(value)))
    records += all.length
    const line = page.getByRole('row').filter({ hasText: collection })
    await expect(line.getByRole('cell').first()).toHaveText(formatNumber(all.length))
  }
  expect(records).toBe(RECORDS)
  const blobs = await pds.call('listBlobs', ada)
  expect(blobs).toHaveLength(BLOBS)

  const { bytes } = await cairn.exportAs(ada.did, 'JSON lines')
  const lines = bytes.toString('utf8').trimEnd().split('\n')
  const exported = new Map(
    lines.map((line) => {
      const { uri, value } = JSON.parse(line) as { uri: string; value: unknown }
      return [uri, JSON.stringify(sorted(value))]
    }),
  )
  expect(Object.fromEntries(exported)).toEqual(Object.fromEntries(listed))
})

test('the backup says by which key it verified and that the tree is whole', async ({ cairn, pds, ada }) => {
  await cairn.backUp(ada, { records: RECORDS })
  await cairn.openRepo(ada.did, 'health')
  const { page } = cairn
  await expect(page.getByRole('main')).toContainText('Signed by the key that the account uses now.')
  const { cid } = await pds.call('latestCommit', ada)
  await expect(page.getByTitle(cid).first()).toBeVisible()
})

test('records are read as cards, and any of them is found by its text', async ({ cairn, ada }) => {
  const { page } = cairn
  await cairn.backUp(ada, { records: RECORDS })
  await cairn.openCollection(ada.did, 'app.bsky.feed.post')
  await expect(page.getByRole('main').getByText('Worth quoting.')).toBeVisible()

  await cairn.openRepo(ada.did, 'search')
  for (const text of ['quartzite', 'alesund', '山の石塚']) {
    await page.getByRole('searchbox').fill(text)
    await expect(page.getByRole('main').getByText(NEEDLE)).toBeVisible()
  }
  await page.getByRole('searchbox').fill('no stone is called this')
  await expect(page.getByRole('main').getByText(NEEDLE)).toBeHidden()

  await cairn.openRecord(ada.did, `app.bsky.feed.post/${tid(800)}`)
  await expect(page.getByRole('main')).toContainText(NEEDLE)
  await expect(page.getByTitle(`at://${ada.did}/app.bsky.feed.post/${tid(800)}`)).toBeVisible()
  await expect(page.getByRole('main')).toContainText('Checked just now from stored bytes.')
})

test('images are shown by what their bytes are; markup is never opened as a document', async ({
  cairn,
  ada,
}) => {
  const { page } = cairn
  await cairn.backUp(ada, { records: RECORDS, blobs: BLOBS })
  await cairn.openRepo(ada.did, 'blobs')
  const images = page.getByRole('main').getByRole('img')
  await expect
    .poll(() =>
      images.evaluateAll(
        (all) => all.filter((img) => img instanceof HTMLImageElement && img.naturalWidth > 0).length,
      ),
    )
    .toBeGreaterThan(3)
  for (const type of ['text/html', 'image/svg+xml', 'application/xml']) {
    await expect(page.locator(`iframe, object, embed, img[type="${type}"]`)).toHaveCount(0)
  }
  expect(await page.title()).not.toContain('owned')
})

test('a DID and an at:// address work as well as a handle', async ({ cairn, newAccount }) => {
  const account = await newAccount()
  await cairn.open('/')
  await cairn.add(account.did)
  await expect(cairn.row(`@${account.handle}`)).toContainText('Saved on this device')
  await cairn.add(`at://${account.handle}`)
  await expect(cairn.row(`@${account.handle}`)).toHaveCount(1)
})

test('what is no account is refused with a sentence', async ({ cairn }) => {
  await cairn.open('/')
  await cairn.add('not a handle')
  await expect(cairn.problem('pds.input-unsupported')).toBeVisible()
  // told where it was typed, to be mended there
  await expect(cairn.page.getByRole('textbox', { name: /^Handle, DID/ })).toHaveValue('not a handle')
  await expect(cairn.page.getByRole('button', { name: 'Try again' })).toHaveCount(0)
  await cairn.add('nobody.test')
  await expect(cairn.problem('pds.handle-unresolved', { handle: 'nobody.test' })).toBeVisible()
})

/** Keys in one order, so that two JSON forms of a value compare. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (value === null || typeof value !== 'object') return value
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, inner]) => [key, sorted(inner)]),
  )
}
