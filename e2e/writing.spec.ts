import { recordHref } from '../src/app/lib/routes.ts'
import { writingHref } from '../src/app/views/compose/hrefs.ts'
import { expect, test, type Page } from './fixtures.ts'
import type { Account, Pds, Write } from './pds/client.ts'
import { tid } from './pds/seed.ts'
import { settleIn } from './settle-in.ts'

const POST = 'app.bsky.feed.post'

const unsent = (page: Page) => page.getByRole('region', { name: 'Unsent' })
const drafts = (page: Page) => unsent(page).getByRole('article')
const everythingSent = (page: Page) =>
  expect(unsent(page).getByRole('status')).toHaveText(
    'Everything written here is in the signed repository.',
    {
      timeout: 30_000,
    },
  )

async function writePost(page: Page, text: string): Promise<void> {
  await page.getByRole('textbox', { name: /^(Write a post|Your reply|Your words)$/ }).fill(text)
  await page.getByRole('button', { name: /^(Post|Reply)$/ }).click()
  // emptied when it is on disk
  await expect(page.getByRole('textbox', { name: 'Write a post' })).toHaveValue('')
}

const postsOf = async (pds: Pds, { did }: Account) => pds.call('listRecords', { did, collection: POST })
const textsOf = async (pds: Pds, me: Account) => (await postsOf(pds, me)).map(({ value }) => value['text'])
const elsewhere = (pds: Pds, { did }: Account, write: Write) =>
  pds.call('applyWrites', { did, writes: [write] })

test('a post written offline is shown at once, survives a reload, and goes when there is a network', async ({
  cairn,
  context,
  pds,
  newAccount,
}) => {
  const me = await newAccount()
  const { page } = cairn
  await settleIn(cairn, me)
  await cairn.installed()
  await cairn.open(writingHref(me.did))
  await context.setOffline(true)
  await writePost(page, 'Written where no signal is: https://example.org #stones')
  await expect(drafts(page)).toHaveCount(1)
  await expect(drafts(page)).toContainText('unsent')
  await expect(unsent(page)).toContainText('This device has no network.')
  await cairn.openCollection(me.did, POST)
  await expect(page.getByRole('region', { name: '1 unsent record' })).toContainText(
    'Written where no signal is',
  )
  await page.reload()
  await expect(page.getByRole('region', { name: '1 unsent record' })).toContainText(
    'Written where no signal is',
  )
  expect(await textsOf(pds, me)).not.toContain('Written where no signal is: https://example.org #stones')

  await context.setOffline(false)
  await expect(page.getByRole('region', { name: '1 unsent record' })).toHaveCount(0, { timeout: 30_000 })
  const [sent] = (await postsOf(pds, me)).filter(({ value }) =>
    String(value['text']).startsWith('Written where'),
  )
  expect(sent?.value['facets']).toMatchObject([
    { features: [{ uri: 'https://example.org' }] },
    { features: [{ tag: 'stones' }] },
  ])
  await cairn.openRecord(me.did, `${POST}/${sent?.uri.split('/').at(-1) ?? ''}`)
  await expect(page.getByRole('main')).toContainText('Written where no signal is')
  await expect(page.getByTitle(sent?.cid ?? 'no cid').first()).toBeVisible()
  await cairn.open('/activity')
  await expect(page.getByRole('main')).toContainText('A post written here is in the signed repository')
})

test('a reply with an image goes up with its words, its picture is kept without being fetched, and it is quoted', async ({
  cairn,
  pds,
  newAccount,
}) => {
  const me = await newAccount()
  const { page } = cairn
  await settleIn(cairn, me)
  await cairn.openRecord(me.did, `${POST}/${tid(0)}`)
  await page.getByRole('link', { name: 'Reply' }).click()
  const picture = await page.evaluate(async () => {
    const canvas = new OffscreenCanvas(2600, 1300)
    const context = canvas.getContext('2d')
    for (let i = 0; context !== null && i < 4000; i++) {
      context.fillStyle = `hsl(${(i * 47) % 360} 60% 50%)`
      context.fillRect((i * 613) % 2600, (i * 271) % 1300, 90, 70)
    }
    const file = await canvas.convertToBlob({ type: 'image/png' })
    return [...new Uint8Array(await file.arrayBuffer())]
  })
  await page
    .getByLabel('Images to post')
    .setInputFiles({ name: 'ridge.png', mimeType: 'image/png', buffer: Buffer.from(picture) })
  await expect(page.getByRole('button', { name: 'Reply', exact: true })).toBeDisabled()
  await page.getByRole('textbox', { name: /What image 1 shows/ }).fill('Coloured stones on a slope')
  await pds.call('forgetRequests', {})
  await writePost(page, 'And this is how it looks')
  await expect.poll(() => textsOf(pds, me), { timeout: 30_000 }).toContain('And this is how it looks')
  await everythingSent(page)

  const [sent] = (await postsOf(pds, me)).filter(({ value }) => value['text'] === 'And this is how it looks')
  const parent = (await postsOf(pds, me)).find(({ uri }) => uri.endsWith(tid(0)))
  expect(sent?.value).toMatchObject({
    reply: { parent: { uri: parent?.uri, cid: parent?.cid }, root: { uri: parent?.uri, cid: parent?.cid } },
    embed: {
      $type: 'app.bsky.embed.images',
      images: [{ alt: 'Coloured stones on a slope', aspectRatio: { width: 2000, height: 1000 } }],
    },
  })
  const cid = JSON.stringify(sent?.value).match(/bafkrei[a-z2-7]{52}/)?.[0] ?? ''
  expect(await pds.call('listBlobs', me)).toContain(cid)
  expect((await pds.call('requests', { match: 'getBlob' })).filter(({ path }) => path.includes(cid))).toEqual(
    [],
  )
  await cairn.openRecord(me.did, `${POST}/${sent?.uri.split('/').at(-1) ?? ''}`)
  await expect(page.getByRole('img', { name: 'Coloured stones on a slope' })).toBeVisible()

  await page.getByRole('link', { name: 'Quote' }).click()
  await expect(page.getByRole('main')).toContainText('And this is how it looks')
  await writePost(page, 'As I said')
  await expect.poll(() => textsOf(pds, me), { timeout: 30_000 }).toContain('As I said')
  const quote = (await postsOf(pds, me)).find(({ value }) => value['text'] === 'As I said')
  expect(quote?.value['embed']).toEqual({
    $type: 'app.bsky.embed.record',
    record: { uri: sent?.uri, cid: sent?.cid },
  })
})

test('a profile that another client has changed meanwhile shows both sides, and asks', async ({
  cairn,
  context,
  pds,
  newAccount,
}) => {
  const me = await newAccount()
  const { page } = cairn
  await settleIn(cairn, me)
  await cairn.open(writingHref(me.did, { edit: 'app.bsky.actor.profile/self' }))
  const before = (await pds.call('listRecords', { did: me.did, collection: 'app.bsky.actor.profile' }))[0]
    ?.value
  await expect(page.getByRole('textbox', { name: 'Name' })).not.toHaveValue('')
  await context.setOffline(true)
  await page.getByRole('textbox', { name: 'Name' }).fill('Mine')
  await page.getByRole('button', { name: 'Save profile' }).click()
  await expect(drafts(page)).toHaveCount(1)
  await elsewhere(pds, me, {
    $type: `com.atproto.repo.applyWrites#${before === undefined ? 'create' : 'update'}`,
    collection: 'app.bsky.actor.profile',
    rkey: 'self',
    value: { $type: 'app.bsky.actor.profile', ...before, displayName: 'Theirs' },
  })
  await context.setOffline(false)
  await expect(drafts(page)).toContainText('changed elsewhere', { timeout: 30_000 })
  await expect(drafts(page).getByRole('region', { name: 'Yours' })).toContainText('Mine')
  await expect(drafts(page).getByRole('region', { name: 'In the repository now' })).toContainText('Theirs')
  const name = async () =>
    (await pds.call('listRecords', { did: me.did, collection: 'app.bsky.actor.profile' }))[0]?.value[
      'displayName'
    ]
  expect(await name()).toBe('Theirs')

  await drafts(page).getByRole('button', { name: 'Keep mine' }).click()
  await expect.poll(name, { timeout: 30_000 }).toBe('Mine')
  await everythingSent(page)
})

test('what the server refuses stays as a draft with the reason, and goes when it is mended', async ({
  cairn,
  pds,
  newAccount,
}) => {
  const me = await newAccount()
  const { page } = cairn
  await settleIn(cairn, me)
  await cairn.open(writingHref(me.did, { as: 'json' }))
  await page.getByRole('textbox', { name: 'Collection' }).fill(POST)
  const long = { text: 'x'.repeat(310), createdAt: '2026-11-01T10:00:00.000Z' }
  await page.getByRole('textbox', { name: 'Record as JSON' }).fill(JSON.stringify(long))
  await page.getByRole('button', { name: 'Create' }).click()
  await expect(page.getByRole('main')).toContainText('Its lexicon does not allow this')
  expect(await textsOf(pds, me)).not.toContain(long.text)
  await page.getByRole('button', { name: 'Send it all the same' }).click()
  await expect(drafts(page)).toContainText('refused')
  await expect(drafts(page).getByRole('alert')).toContainText('300')

  await drafts(page).getByRole('link', { name: 'Edit' }).click()
  await page.getByRole('textbox', { name: 'Record as JSON' }).fill(JSON.stringify({ ...long, text: 'short' }))
  await page.getByRole('button', { name: 'Save', exact: true }).click()
  await expect.poll(() => textsOf(pds, me), { timeout: 30_000 }).toContain('short')
  await everythingSent(page)
})

test('a record is deleted, and written back from an older snapshot under its old address', async ({
  cairn,
  pds,
  newAccount,
}) => {
  const me = await newAccount()
  const { page } = cairn
  await settleIn(cairn, me)
  const path = `${POST}/${tid(0)}`
  const find = async () => (await postsOf(pds, me)).find(({ uri }) => uri.endsWith(tid(0)))
  const before = await find()
  await cairn.openRecord(me.did, path)
  await page.getByRole('button', { name: 'Delete' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click()
  await expect(page.getByRole('main')).toContainText('This snapshot does not hold that record.', {
    timeout: 30_000,
  })
  expect(await find()).toBeUndefined()

  const versions = page.getByRole('main').getByRole('list').getByRole('link')
  await versions.first().click()
  await page.getByRole('button', { name: 'Write it back' }).click()
  await expect.poll(find, { timeout: 30_000 }).toEqual(before)
  await cairn.open(recordHref(me.did, path))
  await expect(page.getByRole('button', { name: 'Delete' })).toBeVisible()
})

test('a tab that dies between sending and the answer sends nothing twice', async ({
  cairn,
  openTab,
  pds,
  newAccount,
}) => {
  const me = await newAccount()
  await settleIn(cairn, me)
  await cairn.open(writingHref(me.did))
  const before = (await postsOf(pds, me)).length
  // the server does it, and its answer never comes
  await pds.faults({ match: 'applyWrites', kind: 'stall', after: 0 })
  await writePost(cairn.page, 'Once')
  await expect.poll(async () => (await postsOf(pds, me)).length).toBe(before + 1)
  await expect(drafts(cairn.page)).toContainText('on its way')
  await cairn.page.close()
  await pds.faults()

  const again = await openTab()
  await again.open(writingHref(me.did))
  await everythingSent(again.page)
  expect((await textsOf(pds, me)).filter((text) => text === 'Once')).toHaveLength(1)
  await again.openCollection(me.did, POST)
  await expect(again.page.getByRole('main')).toContainText('Once')
})
