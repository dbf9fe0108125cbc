import { readCar } from './cars.ts'
import type { AppServer } from './app-server.ts'
import type { Device } from './device.ts'
import { expect, test, type Page } from './fixtures.ts'
import type { Pds } from './pds/client.ts'
import { NEEDLE, tid } from './pds/seed.ts'

/** Blobs of a seeded account: four images, an avatar, a page and a drawing. */
const BLOBS = 7

const xrpc = (app: AppServer, method: string, params: Record<string, string>): string =>
  `${app.url}/xrpc/com.atproto.sync.${method}?${new URLSearchParams(params).toString()}`

/** Asks the app's own store to keep a repo, and waits until it has all of it; gives the store's peer id. */
async function keepAtStore(device: Device, app: AppServer, did: string, rev: string): Promise<string> {
  await device.connected()
  await device.engine.network.keepAtStore(did, `${app.url}/`)
  const { peerId } = await app.describe()
  await expect
    .poll(async () => {
      await device.engine.network.copies(did, { fresh: true })
      return device.copy(did, peerId)
    })
    .toMatchObject({ kind: 'store', state: 'current', rev, online: true })
  const blobs = async () => {
    const response = await fetch(xrpc(app, 'listBlobs', { did }))
    // the lexicon's answer
    return ((await response.json()) as { cids: string[] }).cids.length
  }
  await expect.poll(blobs, { timeout: 20_000 }).toBe(BLOBS)
  return peerId
}

test('two people who are never there at the same time meet through the store', async ({
  device,
  newAccount,
  app,
  pds,
}) => {
  const account = await newAccount()
  const giver = await device()
  const rev = await giver.keep(account.did)
  const store = await keepAtStore(giver, app, account.did, rev)
  expect(await giver.engine.network.challenge(account.did, store)).toMatchObject({
    kind: 'store',
    challenge: { ok: true },
  })
  const { url } = await giver.engine.network.keepLink(account.did)
  expect(url).toContain(`/#/keep/${account.did}`)
  await giver.context.close()
  await pds.call('stopServer', {})

  const taker = await device()
  await taker.connected()
  expect(await taker.engine.network.keep(url)).toMatchObject({ did: account.did })
  await taker.reaches(account.did, rev)
  await taker.tab.open('/')
  await expect(taker.tab.row(/41 records/)).toBeVisible()
  await taker.tab.openRecord(account.did, `app.bsky.feed.post/${tid(20)}`)
  await expect(taker.page.getByRole('main')).toContainText(NEEDLE)
  await expect.poll(() => taker.copy(account.did, store)).toMatchObject({ state: 'current', kind: 'store' })
})

test('what a store keeps is read with the standard calls, and opens as a file elsewhere', async ({
  device,
  newAccount,
  app,
  pds,
}) => {
  const account = await newAccount()
  const { did } = account
  const giver = await device()
  const rev = await giver.keep(did)
  await keepAtStore(giver, app, did, rev)
  const { cid } = await pds.call('latestCommit', account)
  await pds.call('stopServer', {})

  const latest = await fetch(xrpc(app, 'getLatestCommit', { did }))
  expect(await latest.json()).toEqual({ cid, rev })
  const answer = await fetch(xrpc(app, 'getRepo', { did }))
  expect(answer.headers.get('access-control-allow-origin')).toBe('*')
  const car = new Uint8Array(await answer.arrayBuffer())
  expect(readCar(car).root).toBe(cid)

  const reader = await device()
  await reader.tab.openFiles([{ name: 'from-the-store.car', bytes: car }])
  await reader.reaches(did, rev)
  await expect(reader.tab.row(/41 records/)).toBeVisible()
})

test('a page and a drawing that a store serves never run', async ({ device, newAccount, app, pds, page }) => {
  const account = await newAccount()
  const { did } = account
  const giver = await device()
  await keepAtStore(giver, app, did, await giver.keep(did))
  const blobs = await hostileBlobs(pds, did)
  expect(blobs).toHaveLength(2)

  await page.goto(`${app.url}/`)
  await page.route('**/plain', (route) =>
    route.fulfill({ contentType: 'text/html', body: '<script>parent.document.title = "owned"</script>' }),
  )
  await frame(page, '/plain')
  await expect(page, 'a page that is served as one runs').toHaveTitle('owned')
  await page.evaluate(() => (document.title = 'untouched'))

  for (const cid of blobs) {
    const url = xrpc(app, 'getBlob', { did, cid })
    const { headers } = await fetch(url)
    expect(headers.get('content-security-policy')).toMatch(/default-src 'none'.*sandbox/)
    expect(headers.get('x-content-type-options')).toBe('nosniff')
    expect(headers.get('content-disposition')).toContain('attachment')

    const framed = page.waitForEvent('download')
    await frame(page, url)
    await framed
    expect(await runs(page, url), 'it is no script either').toBe(false)
    expect(await page.title()).toBe('untouched')

    const opened = page.waitForEvent('download')
    // a navigation that becomes a download says that it was aborted
    await page.goto(url).catch(() => {})
    await opened
    expect(await page.title(), 'the page from before stays').toBe('untouched')
  }
})

/** CIDs of the blobs that would run a script if a browser took them for documents. */
async function hostileBlobs(pds: Pds, did: string): Promise<string[]> {
  const records = await pds.call('listRecords', { did, collection: 'com.example.shelf' })
  // as the seed wrote them
  const files = records.flatMap(
    ({ value }) => (value['file'] as { ref: { $link: string } } | undefined) ?? [],
  )
  return files.map(({ ref }) => ref.$link)
}

async function frame(page: Page, src: string): Promise<void> {
  await page.evaluate((src) => {
    const frame = document.createElement('iframe')
    frame.src = src
    document.body.append(frame)
  }, src)
}

/** Whether a browser takes what is at a URL for a script. */
const runs = (page: Page, src: string): Promise<boolean> =>
  page.evaluate(
    (src) =>
      new Promise<boolean>((resolve) => {
        const script = document.createElement('script')
        script.addEventListener('load', () => resolve(true))
        script.addEventListener('error', () => resolve(false))
        script.src = src
        document.body.append(script)
      }),
    src,
  )
