import { startStockPeer } from '../src/sync/repo-sync/testing/stock-peer.ts'
import { readCar } from './cars.ts'
import { expect, NOT_INSTALLED, test } from './fixtures.ts'

test.use(NOT_INSTALLED)

test('a node of another make gets a repo from the store over the relay’s WebSocket', async ({
  device,
  newAccount,
  app,
  pds,
}) => {
  const account = await newAccount()
  const giver = await device()
  const rev = await giver.keep(account.did)
  await giver.connected()
  await giver.engine.network.keepAtStore(account.did, `${app.url}/`)
  const { peerId, multiaddrs } = await app.describe()
  await expect.poll(() => giver.copy(account.did, peerId)).toMatchObject({ rev })

  const stock = await startStockPeer()
  try {
    const [address = ''] = multiaddrs
    const { root, blocks } = readCar(await stock.fetch(address, account.did))
    expect(root).toBe((await pds.call('latestCommit', account)).cid)
    expect(blocks.length).toBeGreaterThan(41)
    expect(await stock.fetch(address, account.did, rev), 'nothing is newer').toBeInstanceOf(Uint8Array)
    await expect(stock.fetch(address, 'did:plc:aaaaaaaaaaaaaaaaaaaaaaaa')).rejects.toThrow('repo not found')
  } finally {
    await stock.close()
  }
})
