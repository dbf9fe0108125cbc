import { describe, expect, it } from 'vitest'
import { expectCode } from '../../storage/compliance/subject.ts'
import { withSync, type SyncKit } from '../testing/sync-kit.ts'
import { deleteRepo } from '../keep.ts'
import type { DraftRow } from './model.ts'
import { changeRows, draftsOf } from './rows.ts'
import { discardDraft, insist, MAX_DRAFTS, saveDraft } from './save.ts'
import { settleDrafts } from './settle.ts'

const POST = 'app.bsky.feed.post'
const post = (text: string) => ({ text, createdAt: '2026-10-01T00:00:00Z' })

async function withRepo(use: (kit: SyncKit, did: string) => Promise<void>): Promise<void> {
  await withSync(async (kit) => {
    const { did } = await kit.pds.account({ name: 'alice' })
    await kit.backUp(did)
    await use(kit, did)
  })
}
const setState = (kit: SyncKit, did: string, id: string, change: Partial<DraftRow>) =>
  changeRows(kit.storage, did, 1, (rows) => ({
    put: rows.filter((row) => row.id === id).map((row) => ({ ...row, ...change })),
  }))

describe('drafts and the verified head', () => {
  it('are compared only when the repo was read after they were sent', async () => {
    await withRepo(async (kit, did) => {
      const draft = await saveDraft(kit.host, { did, path: `${POST}/3new`, value: post('a') })
      const id = draft?.id ?? ''
      await setState(kit, did, id, { state: 'sending' })
      await settleDrafts(kit.host, did)
      expect((await draftsOf(kit.storage, did))[0]?.state).toBe('sending')
      await settleDrafts(kit.host, did, { fresh: true })
      expect((await draftsOf(kit.storage, did))[0]?.state).toBe('waiting')
    })
  })

  it('are done when the head has gone past the commit that they were in', async () => {
    await withRepo(async (kit, did) => {
      const draft = await saveDraft(kit.host, { did, path: `${POST}/3new`, value: post('a') })
      const [account] = kit.pds.accounts
      const rev = account?.repo.rev ?? ''
      await setState(kit, did, draft?.id ?? '', { state: 'sent', sent: { rev: `${rev}z`, commit: 'b' } })
      expect(await settleDrafts(kit.host, did, { fresh: true })).toMatchObject({ replaced: [] })
      await setState(kit, did, draft?.id ?? '', { state: 'sent', sent: { rev, commit: 'b' } })
      expect((await settleDrafts(kit.host, did)).replaced).toHaveLength(1)
      expect(await draftsOf(kit.storage, did)).toEqual([])
    })
  })

  it('give way to the next one on their path when they were not done', async () => {
    await withRepo(async (kit, did) => {
      const path = `${POST}/3new`
      const first = await saveDraft(kit.host, { did, path, value: post('a') })
      await setState(kit, did, first?.id ?? '', { state: 'sending' })
      const second = await saveDraft(kit.host, { did, path, value: post('b') })
      expect(second).toMatchObject({ base: first?.cid, state: 'waiting' })
      // taken back while the first is on its way: it deletes what that will have made
      const third = await saveDraft(kit.host, { did, path, value: undefined })
      expect(third).toMatchObject({ id: second?.id, base: first?.cid, cid: undefined })
      await saveDraft(kit.host, { did, path, value: post('c') })
      await settleDrafts(kit.host, did, { fresh: true })
      expect(await draftsOf(kit.storage, did)).toMatchObject([
        { id: second?.id, base: undefined, state: 'waiting', value: { text: 'c' } },
      ])
    })
  })

  it('are nothing when they change nothing, or take back what was never sent', async () => {
    await withRepo(async (kit, did) => {
      const path = `${POST}/3new`
      await saveDraft(kit.host, { did, path, value: post('a') })
      expect(await saveDraft(kit.host, { did, path, value: undefined })).toBeUndefined()
      expect(await saveDraft(kit.host, { did, path: `${POST}/3none`, value: undefined })).toBeUndefined()
      expect(await draftsOf(kit.storage, did)).toEqual([])
    })
  })

  it('are in conflict with whatever else came, and end when it is the same', async () => {
    await withRepo(async (kit, did) => {
      const [account] = kit.pds.accounts
      const path = account?.repo.records.find((it) => it.path.startsWith(POST))?.path ?? ''
      const draft = await saveDraft(kit.host, { did, path, value: post('mine') })
      account?.commit({ update: [{ path, value: { $type: POST, ...post('theirs') } }] })
      await kit.backUp(did)
      expect((await settleDrafts(kit.host, did)).conflicts).toHaveLength(1)
      expect((await settleDrafts(kit.host, did)).conflicts).toEqual([])
      await insist(kit.host, did, draft?.id ?? '')
      const [row] = await draftsOf(kit.storage, did)
      expect(row?.state).toBe('waiting')
      expect(row?.base).not.toBe(draft?.base)
      account?.commit({ update: [{ path, value: { $type: POST, ...post('mine') } }] })
      await kit.backUp(did)
      expect((await settleDrafts(kit.host, did)).written).toHaveLength(1)
    })
  })

  it('stay when the repo is removed, and are refused without one', async () => {
    await withRepo(async (kit, did) => {
      const draft = await saveDraft(kit.host, { did, path: `${POST}/3new`, value: post('a') })
      await deleteRepo(kit.storage, did, kit.work())
      await expectCode(settleDrafts(kit.host, did), 'sync.not-kept')
      await expectCode(saveDraft(kit.host, { did, path: `${POST}/3b`, value: post('b') }), 'sync.not-kept')
      expect(await draftsOf(kit.storage, did)).toHaveLength(1)
      await discardDraft(kit.host, did, draft?.id ?? '')
    })
  })

  it('are bounded in number', async () => {
    await withRepo(async (kit, did) => {
      const draft = await saveDraft(kit.host, { did, path: `${POST}/3new`, value: post('a') })
      if (draft === undefined) throw new Error('nothing was kept')
      await changeRows(kit.storage, did, 1, () => ({
        put: Array.from({ length: MAX_DRAFTS - 1 }, (_, i) => ({
          ...draft,
          id: `z${i}`,
          path: `${POST}/z${i}`,
        })),
      }))
      await expectCode(
        saveDraft(kit.host, { did, path: `${POST}/3more`, value: post('b') }),
        'writing.too-many',
      )
      expect(await saveDraft(kit.host, { did, path: `${POST}/3new`, value: post('c') })).toBeDefined()
    })
  })
})
