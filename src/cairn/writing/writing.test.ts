import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { expectCode } from '../../storage/compliance/subject.ts'
import { hasPds, startPds, withWriter, type Pds, type Writer } from './testing/writing-kit.ts'

const POST = 'app.bsky.feed.post'
const post = (text: string, more: object = {}) => ({
  text,
  createdAt: '2026-11-01T10:00:00.000Z',
  ...more,
})

describe.runIf(hasPds)('writing to a repo at a real server', { timeout: 60_000 }, () => {
  let pds: Pds
  beforeAll(async () => {
    pds = await startPds()
  }, 60_000)
  afterEach(() => pds.faults())
  afterAll(() => pds?.stop())

  const save = (writer: Writer, text: string, more: object = {}) =>
    writer.cairn.writing.save({ did: writer.account.did, collection: POST, value: post(text), ...more })

  it('keeps a post offline, and sends it when there is a network', async () => {
    await withWriter(pds, async (writer) => {
      await writer.backUp()
      await writer.signIn()
      writer.offline = true
      const draft = await save(writer, 'written on a mountain')
      expect(draft).toMatchObject({ action: 'create', status: 'waiting', value: { $type: POST } })
      await writer.until(
        async () => (await writer.cairn.writing.queue(writer.account.did)).trouble !== undefined,
      )
      expect(await writer.cairn.writing.queue(writer.account.did)).toMatchObject({
        drafts: [{ status: 'waiting' }],
        trouble: { code: 'pds.network' },
      })
      writer.offline = false
      await writer.cairn.writing.send(writer.account.did)
      expect(await writer.drafts()).toEqual([])
      const path = draft?.path ?? ''
      expect(await writer.atServer(path)).toMatchObject({ text: 'written on a mountain' })
      expect(await writer.cairn.library.record(writer.account.did, path)).toMatchObject({
        cid: draft?.cid,
        proof: { valid: true, signature: 'current-key' },
      })
      const notes = await writer.cairn.activity.list({ limit: 10 })
      expect(notes.map(({ kind }) => kind)).toContain('writing.done')
    })
  })

  it('sends several in one commit, in order, the answer with the name of what it answers', async () => {
    await withWriter(pds, async (writer) => {
      await writer.backUp()
      const { did } = writer.account
      const first = await save(writer, 'one')
      const strong = { uri: first?.uri, cid: first?.cid }
      const second = await save(writer, 'two', {
        value: post('two', { reply: { root: strong, parent: strong } }),
      })
      // an edit gives the first another name, which the answer takes over
      const edited = await save(writer, 'one, edited', { rkey: first?.rkey })
      expect(edited?.id).toBe(first?.id)
      expect((await writer.drafts()).map(({ id }) => id)).toEqual([first?.id, second?.id])
      await writer.signIn()
      await writer.sent()
      const parent = await writer.cairn.library.record(did, first?.path ?? '')
      expect(parent.cid).toBe(edited?.cid)
      expect(await writer.kept(second?.path ?? '')).toMatchObject({
        reply: { root: { cid: parent.cid }, parent: { cid: parent.cid } },
      })
      expect(
        (await pds.call('requests', { match: 'applyWrites' })).filter((it) => it.status === 200),
      ).not.toEqual([])
      const snapshots = await writer.cairn.library.snapshots(did)
      expect(snapshots).toHaveLength(2)
    })
  })

  it('edits and deletes what is there', async () => {
    await withWriter(pds, async (writer) => {
      const { did } = writer.account
      await pds.call('applyWrites', {
        did,
        writes: ['a', 'b'].map((rkey) => ({
          $type: 'com.atproto.repo.applyWrites#create' as const,
          collection: 'com.example.note',
          rkey,
          value: { $type: 'com.example.note', text: rkey, kept: { deep: [1, null, 'x'] } },
        })),
      })
      await writer.backUp()
      await writer.signIn()
      const { writing } = writer.cairn
      const value = await writer.kept('com.example.note/a')
      await writing.save({
        did,
        collection: 'com.example.note',
        rkey: 'a',
        value: { ...(value as object), text: 'changed' },
      })
      await writing.save({ did, collection: 'com.example.note', rkey: 'b', value: undefined })
      await writer.sent()
      expect(await writer.atServer('com.example.note/a')).toEqual({
        $type: 'com.example.note',
        text: 'changed',
        kept: { deep: [1, null, 'x'] },
      })
      expect(await writer.atServer('com.example.note/b')).toBeUndefined()
      expect(await writer.kept('com.example.note/b')).toBeUndefined()
    })
  })

  it('writes what an older snapshot has back', async () => {
    await withWriter(pds, async (writer) => {
      const { did } = writer.account
      await writer.backUp()
      await writer.signIn()
      const draft = await save(writer, 'deleted in haste')
      await writer.sent()
      await pds.call('applyWrites', {
        did,
        writes: [{ $type: 'com.atproto.repo.applyWrites#delete', collection: POST, rkey: draft?.rkey ?? '' }],
      })
      await writer.backUp()
      const path = draft?.path ?? ''
      expect(await writer.kept(path)).toBeUndefined()
      const versions = await writer.cairn.library.versions(did, path)
      const old = versions.find(({ cid }) => cid !== undefined)
      await writer.cairn.writing.save({
        did,
        collection: POST,
        rkey: draft?.rkey ?? '',
        value: old?.value,
      })
      await writer.sent()
      expect((await writer.cairn.library.record(did, path)).cid).toBe(draft?.cid)
    })
  })

  it('holds what is to wait, and lets go of it when told', async () => {
    await withWriter(pds, async (writer) => {
      await writer.backUp()
      await writer.signIn()
      const held = await save(writer, 'not yet', { hold: true })
      await writer.cairn.writing.send(writer.account.did)
      expect(await writer.drafts()).toMatchObject([{ status: 'held' }])
      const strong = { uri: held?.uri, cid: held?.cid }
      const answer = await save(writer, 'an answer to it', {
        value: post('an answer to it', { reply: { root: strong, parent: strong } }),
      })
      await writer.cairn.writing.send(writer.account.did)
      expect(await writer.cairn.writing.draft(writer.account.did, answer?.path ?? '')).toMatchObject({
        status: 'blocked',
        waitsFor: held?.path,
      })
      await writer.cairn.writing.insist(writer.account.did, held?.id ?? '')
      await writer.sent()
      expect(await writer.atServer(answer?.path ?? '')).toMatchObject({ text: 'an answer to it' })
      const gone = await save(writer, 'never', { hold: true })
      await writer.cairn.writing.discard(writer.account.did, gone?.id ?? '')
      expect(await writer.drafts()).toEqual([])
      await expectCode(
        writer.cairn.writing.discard(writer.account.did, gone?.id ?? ''),
        'writing.no-such-draft',
      )
    })
  })

  it('shows both sides of a record that another client has changed, and does as it is told', async () => {
    await withWriter(pds, async (writer) => {
      const { did } = writer.account
      const profile = (displayName: string) => ({ $type: 'app.bsky.actor.profile', displayName })
      const theirs = (displayName: string, kind: 'create' | 'update') =>
        pds.call('applyWrites', {
          did,
          writes: [
            {
              $type: `com.atproto.repo.applyWrites#${kind}`,
              collection: 'app.bsky.actor.profile',
              rkey: 'self',
              value: profile(displayName),
            },
          ],
        })
      const mine = (displayName: string) =>
        writer.cairn.writing.save({
          did,
          collection: 'app.bsky.actor.profile',
          rkey: 'self',
          value: profile(displayName),
        })
      await theirs('Ada', 'create')
      await writer.backUp()
      await writer.signIn()
      for (const [round, decide] of (['mine', 'theirs', 'edit'] as const).entries()) {
        writer.offline = true
        await mine(`Ada here ${round}`)
        await theirs(`Ada there ${round}`, 'update')
        writer.offline = false
        await writer.cairn.writing.send(did)
        const draft = await writer.cairn.writing.draft(did, 'app.bsky.actor.profile/self')
        expect(draft).toMatchObject({
          status: 'conflict',
          value: { displayName: `Ada here ${round}` },
          theirs: { value: { displayName: `Ada there ${round}` } },
        })
        expect(await writer.atServer('app.bsky.actor.profile/self')).toMatchObject({
          displayName: `Ada there ${round}`,
        })
        if (decide === 'mine') await writer.cairn.writing.insist(did, draft?.id ?? '')
        if (decide === 'theirs') await writer.cairn.writing.discard(did, draft?.id ?? '')
        if (decide === 'edit') await mine('Ada of both')
        await writer.sent()
        const wanted = { mine: 'Ada here 0', theirs: 'Ada there 1', edit: 'Ada of both' }[decide]
        expect(await writer.kept('app.bsky.actor.profile/self')).toMatchObject({ displayName: wanted })
        expect(await writer.atServer('app.bsky.actor.profile/self')).toMatchObject({ displayName: wanted })
      }
    })
  })

  it('goes on when another client writes something else meanwhile', async () => {
    await withWriter(pds, async (writer) => {
      const { did } = writer.account
      await writer.backUp()
      await writer.signIn()
      writer.offline = true
      const draft = await save(writer, 'mine')
      const other = {
        $type: 'com.atproto.repo.applyWrites#create' as const,
        collection: POST,
        value: { $type: POST, ...post('theirs') },
      }
      await pds.call('applyWrites', { did, writes: [other] })
      writer.offline = false
      await writer.cairn.writing.send(did)
      expect(await writer.drafts()).toEqual([])
      expect(await pds.call('listRecords', { did, collection: POST })).toHaveLength(2)
      expect(await writer.kept(draft?.path ?? '')).toMatchObject({ text: 'mine' })
    })
  })
})
