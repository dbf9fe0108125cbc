import { expect, it } from 'vitest'
import { stallAfter } from '../sync/testing/faults.ts'
import { createCairn } from './create.ts'
import { type CairnKit, withCairn } from './testing/cairn-kit.ts'

/** A tab that is closed while it fetches blobs: three of each account, of which none is there yet. */
async function cutOff(
  { host, pds, storage }: CairnKit,
  names: readonly string[],
  close: 'reload' | 'cancel' = 'reload',
): Promise<string[]> {
  const open = { ...storage, close: async () => {} }
  const tab = createCairn({ ...host, storage: open, siblings: undefined })
  const dids: string[] = []
  pds.always(
    'getBlob',
    stallAfter(10, () => {}),
  )
  for (const name of names) {
    const account = await pds.account({ name })
    for (let i = 0; i < 3; i++) account.addBlob(new Uint8Array(200).fill(i + name.length))
    const begun = Promise.withResolvers<void>()
    const stop = tab.subscribe((event) => {
      const isIts = event.type === 'job' && event.job.kind === 'blobs' && event.job.did === account.did
      if (isIts && event.job.phase === 'blobs') begun.resolve()
    })
    await tab.library.backup(account.did)
    await begun.promise
    stop()
    dids.push(account.did)
  }
  const job = (await tab.activity.jobs()).find((it) => it.kind === 'blobs')
  if (close === 'cancel') await tab.library.cancel(job?.id ?? '')
  await tab.close()
  pds.always('getBlob', undefined)
  return dids
}

const kept = async ({ cairn }: Pick<CairnKit, 'cairn'>, did: string): Promise<number> =>
  (await cairn.library.blobs(did, { offset: 0, limit: 10, state: 'kept' })).total

it('blobs that a reload cut off go on at the next start, one account after another', () =>
  withCairn(
    async (kit) => {
      const dids = await cutOff(kit, ['alice', 'bob'])
      for (const did of dids) expect(await kept(kit, did)).toBe(0)
      const next = kit.openTab()
      let most = 0
      await next.until(async () => {
        const jobs = (await next.cairn.activity.jobs()).filter((it) => it.kind === 'blobs')
        most = Math.max(most, jobs.filter((it) => it.endedAt === undefined).length)
        return jobs.filter((it) => it.state === 'done').length === 2
      })
      expect(most).toBe(1)
      for (const did of dids) expect(await kept(next, did)).toBe(3)
      // Nothing is left to go on with.
      expect(await kit.storage.keys('meta', { from: 'blobs/', to: 'blobs0' })).toEqual([])
    },
    { blobs: true },
  ))

it('blobs whose fetching a person stopped do not go on by themselves', () =>
  withCairn(
    async (kit) => {
      await cutOff(kit, ['alice'], 'cancel')
      expect(await kit.storage.keys('meta', { from: 'blobs/', to: 'blobs0' })).toEqual([])
    },
    { blobs: true },
  ))

it('blobs that cannot go on without a network do at a later start, and nothing is noted', () =>
  withCairn(
    async (kit) => {
      const [did = ''] = await cutOff(kit, ['alice'])
      kit.pds.offline = true
      const offline = kit.openTab()
      await offline.until(async () =>
        (await offline.cairn.activity.jobs()).some((it) => it.kind === 'blobs' && it.state === 'failed'),
      )
      expect((await offline.cairn.activity.list({ limit: 10 })).map((it) => it.kind)).not.toContain(
        'blobs.failed',
      )
      kit.pds.offline = false
      const online = kit.openTab()
      await online.until(async () => (await kept(online, did)) === 3)
    },
    { blobs: true },
  ))
