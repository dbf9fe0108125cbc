import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { expectCode } from '../../storage/compliance/subject.ts'
import { cidString, CODEC_RAW } from '../../core/cid.ts'
import { sha256 } from '../../storage/testing/node-host.ts'
import { hasPds, startPds, withWriter, type Pds, type Writer } from './testing/writing-kit.ts'

const POST = 'app.bsky.feed.post'
const post = (text: string, more: object = {}) => ({
  text,
  createdAt: '2026-11-01T10:00:00.000Z',
  ...more,
})

describe.runIf(hasPds)('a write on its way to a real server', { timeout: 60_000 }, () => {
  let pds: Pds
  beforeAll(async () => {
    pds = await startPds()
  }, 60_000)
  afterEach(() => pds.faults())
  afterAll(() => pds?.stop())

  const save = (writer: Writer, text: string, more: object = {}) =>
    writer.cairn.writing.save({ did: writer.account.did, collection: POST, value: post(text), ...more })

  it('keeps what the server refuses, says why, and sends the rest', async () => {
    await withWriter(pds, async (writer) => {
      const { did } = writer.account
      await writer.backUp()
      writer.offline = true
      const before = await save(writer, 'fine')
      const long = await save(writer, 'x'.repeat(400))
      const after = await save(writer, 'fine too')
      writer.offline = false
      await writer.signIn()
      await writer.until(async () => (await writer.drafts()).length === 1)
      const [refused] = await writer.drafts()
      expect(refused).toMatchObject({
        id: long?.id,
        status: 'refused',
        reason: { code: 'writing.refused', fields: { message: expect.stringContaining('300') } },
      })
      expect(await writer.atServer(before?.path ?? '')).toBeDefined()
      expect(await writer.atServer(after?.path ?? '')).toBeDefined()
      await save(writer, 'shorter', { rkey: long?.rkey })
      await writer.sent()
      expect(await writer.atServer(long?.path ?? '')).toMatchObject({ text: 'shorter' })
      expect(await pds.call('listRecords', { did, collection: POST })).toHaveLength(3)
    })
  })

  it('writes nothing twice when the answer is lost, also over a restart', async () => {
    await withWriter(pds, async (writer) => {
      const { did } = writer.account
      await writer.backUp()
      await writer.signIn()
      await pds.faults({ match: 'applyWrites', kind: 'cut', after: 0 })
      const draft = await save(writer, 'once and only once')
      await writer.until(
        async () =>
          (await writer.cairn.writing.queue(did)).trouble !== undefined &&
          (await writer.drafts())[0]?.status === 'sending',
      )
      expect(await writer.atServer(draft?.path ?? '')).toBeDefined()
      await expectCode(writer.cairn.writing.discard(did, draft?.id ?? ''), 'writing.in-flight')
      await writer.restart()
      await writer.sent()
      expect(await pds.call('listRecords', { did, collection: POST })).toHaveLength(1)
      expect((await writer.cairn.library.record(did, draft?.path ?? '')).cid).toBe(draft?.cid)
    })
  })

  it('asks again when the request never arrived, and takes an edit made meanwhile', async () => {
    await withWriter(pds, async (writer) => {
      const { did } = writer.account
      await writer.backUp()
      await writer.signIn()
      await pds.faults({ match: 'applyWrites', kind: 'status', status: 502, body: {} })
      const draft = await save(writer, 'first wording')
      await writer.until(async () => (await writer.cairn.writing.queue(did)).trouble !== undefined)
      expect(await writer.drafts()).toMatchObject([{ status: 'sending' }])
      const edit = await save(writer, 'second wording', { rkey: draft?.rkey })
      expect(edit?.id).not.toBe(draft?.id)
      expect(await writer.drafts()).toHaveLength(2)
      await pds.faults()
      await writer.cairn.writing.send(did)
      await writer.sent()
      expect(await writer.atServer(draft?.path ?? '')).toMatchObject({ text: 'second wording' })
      expect(await pds.call('listRecords', { did, collection: POST })).toHaveLength(1)
    })
  })

  it('gives files to the server before the record, and keeps them as blobs of the repo', async () => {
    await withWriter(pds, async (writer) => {
      const { did } = writer.account
      await writer.backUp()
      const bytes = new Uint8Array(
        Buffer.from(
          'iVBORw0KGgoAAAANSUhEUgAAAAIAAAACCAIAAAD91JpzAAAAFklEQVR4nGOYueH/zA3/GUDEmWN/gAgASPAMIUF+Nd0AAAAASUVORK5CYII=',
          'base64',
        ),
      )
      const cid = cidString(CODEC_RAW, sha256(bytes))
      const image = { $type: 'blob', ref: { $link: cid }, mimeType: 'image/png', size: bytes.length }
      const value = post('look', {
        embed: { $type: 'app.bsky.embed.images', images: [{ image, alt: 'four pixels' }] },
      })
      await expectCode(save(writer, '', { value }), 'writing.blob-gone')
      const draft = await save(writer, '', { value, files: [new Blob([bytes])] })
      // to be seen before it is sent
      expect((await writer.cairn.library.blob(did, cid)).type).toBe('image/png')
      await writer.signIn()
      await writer.sent()
      expect(await pds.call('listBlobs', { did })).toEqual([cid])
      expect(await writer.atServer(draft?.path ?? '')).toMatchObject({ text: 'look' })
      expect((await writer.cairn.library.blob(did, cid)).size).toBe(bytes.length)
      expect(await writer.storage.byteKeys({ from: 'draft/', to: 'draft0' })).toEqual([])
    })
  })

  it('looks up who is mentioned when it sends', async () => {
    await withWriter(pds, async (writer) => {
      const { did } = writer.account
      const friend = await pds.call('createAccount', { handle: 'comrade.test' })
      await writer.backUp()
      const text = 'für @comrade.test und @nobody-here.test: https://example.com/a #steine'
      const { facets, mentions } = await writer.cairn.writing.richText(text)
      expect(mentions).toMatchObject([
        { handle: 'comrade.test', byteStart: 5 },
        { handle: 'nobody-here.test' },
      ])
      const draft = await save(writer, '', { value: post(text, { facets }), mentions })
      await writer.signIn()
      await writer.sent()
      const value = await writer.kept(draft?.path ?? '')
      expect(value).toMatchObject({
        facets: [
          { features: [{ $type: 'app.bsky.richtext.facet#mention', did: friend.did }] },
          { features: [{ uri: 'https://example.com/a' }] },
          { features: [{ tag: 'steine' }] },
        ],
      })
      expect(await writer.atServer(draft?.path ?? '')).toEqual(value)
      expect(did).not.toBe(friend.did)
    })
  })

  it('holds records against their lexicons, and says what it does not know', async () => {
    await withWriter(pds, async ({ cairn: { writing } }) => {
      expect(await writing.check(POST, '3m7qdxkd2k4s2', post('fine'))).toMatchObject({ verdict: 'sound' })
      expect(await writing.check(POST, '3m7qdxkd2k4s2', post('x'.repeat(301)))).toMatchObject({
        verdict: 'unsound',
        problem: expect.stringContaining('300'),
      })
      expect(await writing.check('app.bsky.actor.profile', 'me', {})).toMatchObject({ verdict: 'unsound' })
      expect(await writing.check('com.example.note', 'a', { text: 1 })).toMatchObject({ verdict: 'unknown' })
      await expectCode(writing.check(POST, '../x', {}), 'writing.bad-path')
      await expectCode(writing.check(POST, 'a', { $type: 'else.where.now' }), 'writing.wrong-type')
      await expectCode(writing.check(POST, 'a', { x: 0.5 }), 'repo.json-invalid')
      await expectCode(writing.check(POST, 'a', { x: 'y'.repeat(1_100_000) }), 'writing.too-large')
    })
  })
})
