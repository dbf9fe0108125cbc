import { peerOf } from './device.ts'
import { heardIce } from './engine.ts'
import { expect, NOT_INSTALLED, test } from './fixtures.ts'
import { expectFromPeer, lastTaken, writeNews, type News } from './news.ts'

test.use(NOT_INSTALLED)

test('two browsers that keep one repo link directly, and each knows the copy of the other', async ({
  device,
  newAccount,
}) => {
  const account = await newAccount()
  const [a, b] = await Promise.all([device(), device()])
  const rev = await a.keep(account.did)
  expect(await b.keep(account.did)).toBe(rev)

  for (const [one, other] of [
    [a, b],
    [b, a],
  ] as const) {
    await one.linked()
    await expect
      .poll(async () => (await one.engine.network.status()).peers)
      .toEqual([
        expect.objectContaining({ peer: await peerOf(other), path: 'direct', shared: [account.did] }),
      ])
    const peer = await peerOf(other)
    await expect
      .poll(() => one.copy(account.did, peer))
      .toMatchObject({ rev, state: 'current', online: true, kind: 'device' })
    expect(await one.engine.network.challenge(account.did, peer)).toMatchObject({ challenge: { ok: true } })
  }
  const heard = [...(await heardIce(a.page)), ...(await heardIce(b.page))]
  expect(heard, 'a direct connection needs an address of one of them').not.toEqual([])

  const main = a.page.getByRole('main')
  await a.tab.openRepo(account.did)
  await expect(main).toContainText('2 copies, all current')
  await a.tab.open('/network')
  await expect(main).toContainText(new URL(a.tab.urls.app).host)
  await expect(main).toContainText(/direct/i)
})

test('a new record goes from browser to browser within a second, and the server is asked once', async ({
  device,
  newAccount,
  pds,
}) => {
  const account = await newAccount()
  const [a, b] = await Promise.all([device(), device()])
  await a.keep(account.did)
  await b.keep(account.did)
  await a.linked()
  await b.linked()
  await pds.call('forgetRequests', {})

  const times: number[] = []
  let news: News | undefined
  for (const [one, other] of [
    [a, b],
    [b, a],
    [a, b],
  ] as const) {
    news = await writeNews(pds, account.did)
    expect(await one.keep(account.did)).toBe(news.rev)
    await expectFromPeer(other, account.did, news.rev)
    const [left, came] = [await lastTaken(one, account.did), await lastTaken(other, account.did)]
    times.push(came.at - left.at)
  }
  // what else the machine does can only add to it
  expect(Math.min(...times), `ms each took: ${times.join(', ')}`).toBeLessThan(1_000)
  const asked = await pds.call('requests', { match: 'com.atproto.sync.getRepo?' })
  expect(asked.length, 'each new record was fetched from the server by one browser').toBe(3)

  await b.tab.openRecord(account.did, news?.path ?? '')
  await expect(b.page.getByRole('main')).toContainText(news?.text ?? '')
})

test('with "relay only" no address leaves the browser, and records come all the same', async ({
  device,
  newAccount,
  pds,
}) => {
  const account = await newAccount()
  const hidden = await device({ network: { relayOnly: true } })
  const open = await device()
  await hidden.keep(account.did)
  await open.keep(account.did)
  for (const one of [hidden, open]) {
    const [peer] = await one.linked()
    expect(peer?.path).toBe('relayed')
    expect(peer?.address).toContain('/p2p-circuit')
  }
  expect((await hidden.engine.network.status()).direct).toBe('relay-only')

  for (const [one, other] of [
    [open, hidden],
    [hidden, open],
  ] as const) {
    const { rev } = await writeNews(pds, account.did)
    await one.keep(account.did)
    await expectFromPeer(other, account.did, rev)
  }
  for (const one of [hidden, open]) {
    expect(await heardIce(one.page), 'nobody was told where the other is').toEqual([])
    const [peer] = (await one.engine.network.status()).peers
    expect(peer?.path, 'it stays so').toBe('relayed')
  }
})

test('five browsers keep one repo: what one fetches, all have', async ({ device, newAccount, pds }) => {
  const account = await newAccount()
  const [first, ...others] = await Promise.all(Array.from({ length: 5 }, () => device()))
  if (first === undefined) throw new Error('five were asked for')
  for (const one of [first, ...others]) await one.keep(account.did)
  for (const one of [first, ...others]) await one.linked(4)
  await pds.call('forgetRequests', {})

  const { rev } = await writeNews(pds, account.did)
  await first.keep(account.did)
  await Promise.all(others.map((one) => expectFromPeer(one, account.did, rev)))
  expect(await pds.call('requests', { match: 'com.atproto.sync.getRepo?' })).toHaveLength(1)
  const copies = async () => {
    const all = await first.engine.network.copies(account.did)
    return all.filter(({ kind, state }) => kind === 'device' && state === 'current').length
  }
  await expect.poll(copies).toBe(4)
})
