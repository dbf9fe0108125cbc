import { peerOf } from './device.ts'
import { expect, NOT_INSTALLED, test } from './fixtures.ts'
import { expectFromPeer, writeNews } from './news.ts'

test.use(NOT_INSTALLED)

test('of several tabs one leads and the others show the same; when it closes, another takes over', async ({
  device,
  newAccount,
  pds,
}) => {
  const account = await newAccount()
  const first = await device()
  const friend = await device()
  await first.keep(account.did)
  await friend.keep(account.did)
  await first.linked()

  const second = await first.another()
  const third = await first.another()
  const role = async () => (await second.engine.network.status()).role
  expect((await first.engine.network.status()).role).toBe('leader')
  await expect.poll(role).toBe('follower')
  const self = await peerOf(first)
  const facts = async (tab: typeof first) => {
    const { self, relays, peers } = await tab.engine.network.status()
    return {
      self,
      relays: relays.map(({ url, state }) => [url, state]),
      peers: peers.map(({ peer }) => peer),
    }
  }
  for (const tab of [second, third]) await expect.poll(() => facts(tab)).toEqual(await facts(first))
  expect((await third.engine.network.status()).role).toBe('follower')
  await third.page.close()
  expect((await facts(second)).peers).toEqual([await peerOf(friend)])

  await first.page.close()
  await expect.poll(role, { timeout: 10_000 }).toBe('leader')
  await second.linked()
  await expect.poll(() => facts(second)).toMatchObject({ self, peers: [await peerOf(friend)] })
  await expect
    .poll(async () => (await friend.engine.network.status()).peers.map(({ peer }) => peer))
    .toEqual([self])

  const { rev } = await writeNews(pds, account.did)
  await friend.keep(account.did)
  await expectFromPeer(second, account.did, rev)
})
