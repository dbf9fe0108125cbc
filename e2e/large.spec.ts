import { startLocalPds } from '../src/sync/testing/local-pds.ts'
import { expect, NOT_INSTALLED, test } from './fixtures.ts'

test.use(NOT_INSTALLED)

const RECORDS = 100_000

test('100,000 records go from browser to browser, directly and on through the relay', async ({ device }) => {
  test.setTimeout(180_000)
  const origin = await startLocalPds()
  const servers = { pds: origin.origin, plc: origin.origin }
  let serving = true
  const stop = async (): Promise<void> => {
    if (serving) await origin.close()
    serving = false
  }
  try {
    const { did } = await origin.account({ name: 'large', records: RECORDS })
    const first = await device({ servers })
    const rev = await first.keep(did)

    // From here on there is nobody else to have them from.
    await stop()
    for (const [path, relayOnly] of [
      ['direct', false],
      ['relayed', true],
    ] as const) {
      const next = await device({ servers, network: { relayOnly } })
      await next.engine.network.keep(did)
      await next.reaches(did, rev, 90_000)
      const kept = await next.engine.library.get(did)
      expect(kept?.head).toMatchObject({ rev, records: RECORDS, signature: 'current-key' })
      const [taken] = (await next.activity(did)).filter(({ kind }) => kind === 'peer.pulled')
      expect(taken?.fields).toMatchObject({ rung: 'pages' })
      const paths = async () => new Set((await next.engine.network.status()).peers.map((peer) => peer.path))
      await expect.poll(paths).toEqual(new Set([path]))
      await next.tab.openRepo(did, 'records')
      await expect(next.page.getByRole('main')).toContainText('59,792')
    }
  } finally {
    await stop()
  }
})
