import type { Worker } from '@playwright/test'
import { syncTag } from '../src/cairn/background-sync.ts'
import type { Device } from './device.ts'
import { expect, test } from './fixtures.ts'
import { writeNews } from './news.ts'
import { settleIn } from './settle-in.ts'
import { storedRows } from './stored.ts'
import { writingHref } from '../src/app/views/compose/hrefs.ts'

type SyncEvent = 'dispatchSyncEvent' | 'dispatchPeriodicSyncEvent'

/** Waits until the service worker is installed; gives it. */
async function serviceWorker({ context, page }: Device): Promise<Worker> {
  await page.evaluate(async () => {
    await navigator.serviceWorker.ready
  })
  const [worker] = context.serviceWorkers()
  return worker ?? context.waitForEvent('serviceworker')
}

/** Has the browser run a background sync, as it does by itself now and then, from a page of no origin. */
async function dispatch({ context, tab }: Device, method: SyncEvent): Promise<void> {
  const page = await context.newPage()
  const session = await context.newCDPSession(page)
  const registered = new Promise<string>((resolve) => {
    session.on('ServiceWorker.workerRegistrationUpdated', ({ registrations }) => {
      const ours = registrations.find(
        ({ scopeURL, isDeleted }) => scopeURL === `${tab.urls.app}/` && !isDeleted,
      )
      if (ours !== undefined) resolve(ours.registrationId)
    })
  })
  await session.send('ServiceWorker.enable')
  const event = { origin: tab.urls.app, registrationId: await registered, tag: syncTag }
  if (method === 'dispatchSyncEvent')
    await session.send('ServiceWorker.dispatchSyncEvent', { ...event, lastChance: false })
  else await session.send('ServiceWorker.dispatchPeriodicSyncEvent', event)
}

/** Waits until no context of the browser leads, so that nothing is under way. It only looks: who stands for the lead cuts a catching up short. */
const idle = (worker: Worker): Promise<void> =>
  expect
    .poll(() => worker.evaluate(async () => (await navigator.locks.query()).held?.map(({ name }) => name)), {
      timeout: 20_000,
    })
    .not.toContain('cairn-leader')

for (const [event, method, from] of [
  ['sync', 'dispatchSyncEvent', 'the store'],
  ['periodicsync', 'dispatchPeriodicSyncEvent', 'a friend'],
] as const) {
  test(`with every page closed, "${event}" brings what is new from ${from}, to be read offline`, async ({
    device,
    newAccount,
    app,
    pds,
  }) => {
    const account = await newAccount()
    const { did } = account
    const me = await device()
    const friend = await device()
    await friend.keep(did)
    if (from === 'the store') {
      await friend.connected()
      await friend.engine.network.keepAtStore(did, `${app.url}/`)
    }
    await me.keep(did)
    const worker = await serviceWorker(me)
    await me.page.close()

    const news = await writeNews(pds, did)
    await friend.keep(did)
    if (from === 'the store') {
      const { peerId } = await app.describe()
      await expect.poll(() => friend.copy(did, peerId)).toMatchObject({ rev: news.rev })
      await friend.context.close()
    }
    await pds.call('stopServer', {})

    await dispatch(me, method)
    await expect
      .poll(() => storedRows(worker, ['repos', 'snapshots']), { timeout: 20_000 })
      .toContain(news.rev)
    await idle(worker)

    await app.stop()
    await me.context.setOffline(true)
    const later = await me.another()
    await later.tab.openRecord(did, news.path)
    await expect(later.page.getByRole('main')).toContainText(news.text)
    await me.context.setOffline(false)
  })
}

test('what was written offline goes up with every page closed, once, and shows as sent afterwards', async ({
  device,
  newAccount,
  pds,
}) => {
  const account = await newAccount()
  const { did } = account
  const me = await device()
  await settleIn(me.tab, account)
  await me.hasBlobs(did)
  const worker = await serviceWorker(me)
  const post = 'app.bsky.feed.post'
  const posts = async () =>
    (await pds.call('listRecords', { did, collection: post })).map(({ value }) => value['text'])
  const text = 'Written on a train, and closed'

  await me.tab.open(writingHref(did))
  await me.context.setOffline(true)
  await me.page.getByRole('textbox', { name: 'Write a post' }).fill(text)
  await me.page.getByRole('button', { name: 'Post' }).click()
  const unsent = me.page.getByRole('region', { name: 'Unsent' })
  await expect(unsent.getByRole('article')).toContainText('unsent')
  await me.page.close()
  expect(await posts()).not.toContain(text)

  await me.context.setOffline(false)
  await dispatch(me, 'dispatchSyncEvent')
  await expect.poll(posts, { timeout: 20_000 }).toContain(text)
  await idle(worker)
  expect(await storedRows(worker, ['drafts'])).not.toContain(text)
  expect(await storedRows(worker, ['activity'])).toContain('writing.done')
  expect((await posts()).filter((it) => it === text)).toHaveLength(1)

  await pds.call('forgetRequests', {})
  const later = await me.another()
  await later.tab.open(writingHref(did))
  await expect(later.page.getByRole('region', { name: 'Unsent' }).getByRole('status')).toHaveText(
    'Everything written here is in the signed repository.',
  )
  await later.tab.openCollection(did, post)
  await expect(later.page.getByRole('main')).toContainText(text)
  expect(await pds.call('requests', { match: 'applyWrites' })).toEqual([])
  expect((await posts()).filter((it) => it === text)).toHaveLength(1)
})

test('while a page is open, the service worker leaves everything to it', async ({
  device,
  newAccount,
  pds,
}) => {
  const account = await newAccount()
  const me = await device()
  const rev = await me.keep(account.did)
  await me.hasBlobs(account.did)
  const worker = await serviceWorker(me)
  await writeNews(pds, account.did)
  await pds.call('forgetRequests', {})

  await dispatch(me, 'dispatchSyncEvent')
  // the same as the event runs, to be waited for
  await worker.evaluate(() => (globalThis as unknown as { cairnCatchUp(): Promise<void> }).cairnCatchUp())
  expect(await pds.call('requests', { match: '/xrpc/' })).toEqual([])
  expect(await me.rev(account.did)).toBe(rev)
  expect((await me.engine.network.status()).role).toBe('leader')
})
