import { expect, NOT_INSTALLED, test } from './fixtures.ts'
import { expectFromPeer, writeNews } from './news.ts'

test.use(NOT_INSTALLED)

test('three relays answer for each other: browsers on different ones find each other', async ({
  device,
  startRelay,
  newAccount,
  pds,
}) => {
  const account = await newAccount()
  const first = await startRelay()
  const second = await startRelay('--peer', first.url)
  const third = await startRelay('--peer', second.url)
  const devices = await Promise.all([first, second, third].map((relay) => device({ relay })))
  const [a, ...others] = devices
  if (a === undefined) throw new Error('three were asked for')

  for (const one of devices) await one.keep(account.did)
  for (const [i, one] of devices.entries()) {
    await one.linked(2)
    const { relays } = await one.engine.network.status()
    expect(
      relays.map(({ url }) => url),
      'each knows its own relay only',
    ).toEqual([`${[first, second, third][i]?.url}/`])
  }
  const { rev } = await writeNews(pds, account.did)
  await a.keep(account.did)
  for (const one of others) await expectFromPeer(one, account.did, rev)
})
