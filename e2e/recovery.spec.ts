import type { Job, NetworkStatus } from '../src/cairn/api.ts'
import { peerOf, type Device } from './device.ts'
import { expect, NOT_INSTALLED, type Page, test } from './fixtures.ts'
import { expectFromPeer, writeNews } from './news.ts'
import { HEAVY_BYTES, PAGES } from './pds/heavy.ts'

test.use(NOT_INSTALLED)

const HIDDEN = { network: { relayOnly: true } }

/** What a slow line gives, bytes a second: the transfer of the large account lasts some seconds. */
const SLOW = 1_500_000

/** Lets no more come to a page over its WebSockets than this; undefined: as fast as it can. */
async function throttle(page: Page, bytesPerSecond: number | undefined): Promise<void> {
  const session = await page.context().newCDPSession(page)
  await session.send('Network.enable')
  await session.send('Network.emulateNetworkConditions', {
    offline: false,
    latency: 0,
    uploadThroughput: -1,
    downloadThroughput: bytesPerSecond ?? -1,
  })
}

/** Waits until a job has taken in part of the large account, and not all. */
async function halfWay(device: Device, did: string): Promise<Job> {
  const job = async () => {
    const all = await device.engine.activity.jobs()
    return all.find((one) => one.did === did && one.endedAt === undefined)
  }
  await expect
    .poll(async () => (await job())?.bytes ?? 0, { timeout: 30_000, intervals: [20] })
    .toBeGreaterThan(HEAVY_BYTES / 6)
  const now = await job()
  if (now === undefined) throw new Error('the transfer had ended before it was half way')
  expect(now.bytes).toBeLessThan(HEAVY_BYTES)
  return now
}

const records = async (device: Device, did: string) => (await device.engine.library.get(did))?.head?.records

test('a relay that is killed in mid-transfer and started again: the transfer ends', async ({
  device,
  startRelay,
  heavy,
  pds,
}) => {
  const relay = await startRelay()
  const giver = await device({ relay, ...HIDDEN })
  const taker = await device({ relay, ...HIDDEN })
  await giver.keep(heavy.did)
  await giver.connected()
  await taker.connected()
  await pds.call('stopServer', {})

  await throttle(taker.page, SLOW)
  await taker.engine.network.keep(heavy.did)
  await halfWay(taker, heavy.did)
  await relay.kill()
  await relay.start()
  await throttle(taker.page, undefined)
  await expect.poll(() => records(taker, heavy.did), { timeout: 40_000 }).toBe(PAGES)
})

test('a friend who leaves in mid-transfer: another takes over, and the copy is whole', async ({
  device,
  startRelay,
  heavy,
  pds,
}) => {
  const relay = await startRelay()
  const [one, other] = await Promise.all([device({ relay }), device({ relay })])
  const taker = await device({ relay, ...HIDDEN })
  await one.keep(heavy.did)
  await other.keep(heavy.did)
  await one.linked()
  await taker.connected()
  await pds.call('stopServer', {})

  await throttle(taker.page, SLOW)
  await taker.engine.network.keep(heavy.did)
  await halfWay(taker, heavy.did)
  const sending = await busiest(taker, [one, other])
  await sending.context.close()
  await throttle(taker.page, undefined)
  await expect.poll(() => records(taker, heavy.did), { timeout: 40_000 }).toBe(PAGES)
})

/** Which of these has sent the most to a browser. */
async function busiest(taker: Device, givers: readonly Device[]): Promise<Device> {
  const counts = await Promise.all(
    givers.map(async (giver) => {
      const self = await peerOf(taker)
      return (await giver.engine.network.status()).peers.find(({ peer }) => peer === self)?.sent ?? 0
    }),
  )
  const best = givers[counts.indexOf(Math.max(...counts))]
  if (best === undefined) throw new Error('there are some')
  return best
}

test('a relay that is replaced by another at its address: everyone is found again without a reload', async ({
  device,
  startRelay,
  newAccount,
  pds,
}) => {
  const relay = await startRelay()
  const account = await newAccount()
  const [one, other] = await Promise.all([device({ relay, ...HIDDEN }), device({ relay, ...HIDDEN })])
  await one.keep(account.did)
  await other.keep(account.did)
  await one.linked()
  const before = await relay.describe()

  await relay.stop()
  await relay.forgetIdentity()
  await relay.start()
  const { peerId } = await relay.describe()
  expect(peerId).not.toBe(before.peerId)
  for (const device of [one, other]) {
    const own = async (): Promise<NetworkStatus['relays'][number] | undefined> =>
      (await device.engine.network.status()).relays.find((it) => it.own)
    await expect.poll(own, { timeout: 30_000 }).toMatchObject({ state: 'connected', peer: peerId })
  }
  await one.linked()
  await other.linked()
  const { rev } = await writeNews(pds, account.did)
  await one.keep(account.did)
  await expectFromPeer(other, account.did, rev)
})
