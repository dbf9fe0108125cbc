import { describe, expect, it } from 'vitest'
import { cidString, CODEC_RAW } from '../../core/cid.ts'
import { sha256 } from '../../storage/testing/node-host.ts'
import { blobBytesKey, blobKey, repoRange } from '../../storage/rows.ts'
import { type BlobRow, unknownBlob } from '../blob-rows.ts'
import { fetchBlobs } from '../blobs.ts'
import type { TestAccount } from '../testing/account.ts'
import { PAGE_BYTES, PAGES_PROTOCOL } from './protocol.ts'
import { pullBlobs } from './pull-blobs.ts'
import { pullPages } from './pull-pages.ts'
import { type Lie, lying } from './testing/liar.ts'
import { type PagesNode, type PagesWorld, withNodes } from './testing/pages-kit.ts'

const SIZES = [0, 1, 500, PAGE_BYTES, 2 * PAGE_BYTES + 17]
const bytesOf = (size: number): Uint8Array<ArrayBuffer> =>
  new Uint8Array(size).map((_, i) => (i * 7 + size) & 0xff)

interface Kit extends PagesWorld {
  readonly a: PagesNode
  readonly b: PagesNode
  readonly c: PagesNode
  readonly alice: TestAccount
  readonly cids: readonly string[]
  pull(...sources: readonly PagesNode[]): ReturnType<typeof pullBlobs>
}

/** `a` keeps alice's repo and blobs; `b` keeps the repo and wants the blobs. */
async function withBlobs(use: (kit: Kit) => Promise<void>): Promise<void> {
  await withNodes(3, async (world) => {
    const [a, b, c] = world.nodes
    if (a === undefined || b === undefined || c === undefined) throw new Error('three nodes')
    const { pds } = world
    const alice = await pds.account({ name: 'alice' })
    const cids = SIZES.map((size) => alice.addBlob(bytesOf(size)))
    await a.backUp(alice.did)
    await fetchBlobs(a.host, pds.endpoints, alice.did, a.work())
    a.serve()
    const { did } = alice
    await pullPages(b.host, pds.endpoints, { did, sources: [a.source(b)], work: b.work(), label: '' })
    for (const cid of cids) {
      const value: BlobRow = { ...unknownBlob(cid), paths: ['app.bsky.feed.post/1'] }
      await b.storage.write([{ type: 'put', table: 'blobs', key: blobKey(did, cid), value }])
    }
    const pull: Kit['pull'] = (...sources) =>
      pullBlobs(b.host, { did, sources: sources.map((it) => it.source(b)), work: b.work() })
    await use({ ...world, a, b, c, alice, cids, pull })
  })
}

it('a blob that the disk of a peer has lost is refused, and wanted there again', () =>
  withBlobs(async ({ a, alice, cids, pull }) => {
    const [lost = ''] = cids
    await a.storage.write([{ type: 'delete-bytes', key: blobBytesKey(alice.did, lost) }])
    expect(await pull(a)).toEqual({ fetched: cids.length - 1, missing: 1, failed: 0 })
    expect(await a.storage.get('blobs', blobKey(alice.did, lost))).toMatchObject({ state: 'wanted' })
  }))

async function expectBlobs({ b, alice, cids }: Kit): Promise<void> {
  for (const cid of cids)
    expect(
      Buffer.compare(
        await b.storage.readBytes(blobBytesKey(alice.did, cid)),
        alice.blobs.get(cid) ?? Buffer.of(),
      ),
    ).toBe(0)
  const rows = (await b.storage.list('blobs', repoRange(alice.did))).map(({ value }) => value as BlobRow)
  expect(rows.map((it) => `${it.state} ${it.bytes}`).toSorted()).toEqual(
    SIZES.map((size) => `kept ${size}`).toSorted(),
  )
}

describe('blobs of peers', () => {
  it('of any size are fetched and proven', () =>
    withBlobs(async (kit) => {
      expect(await kit.pull(kit.a)).toEqual({ fetched: SIZES.length, missing: 0, failed: 0 })
      await expectBlobs(kit)
      expect(await kit.pull(kit.a)).toEqual({ fetched: 0, missing: 0, failed: 0 })
    }))

  it('that a peer has not come from another; what none has stays wanted', () =>
    withBlobs(async (kit) => {
      const { a, b, c, alice, pds } = kit
      await pullPages(c.host, pds.endpoints, {
        did: alice.did,
        sources: [a.source(c)],
        work: c.work(),
        label: '',
      })
      c.serve()
      const lost = cidString(CODEC_RAW, sha256(bytesOf(77)))
      const key = blobKey(alice.did, lost)
      await b.storage.write([{ type: 'put', table: 'blobs', key, value: unknownBlob(lost) }])
      expect(await kit.pull(c, a)).toEqual({ fetched: SIZES.length, missing: 1, failed: 0 })
      expect(await b.storage.get('blobs', key)).toMatchObject({ state: 'wanted' })
    }))

  const large =
    (lie: Lie): Lie =>
    (honest) =>
      honest.request.type === 'blob' && honest.head['size'] === SIZES.at(-1) ? lie(honest) : honest

  it.each<[string, Lie]>([
    ['other bytes', ({ head, bytes }) => ({ head, bytes: bytes?.with(9, 1 ^ (bytes[9] ?? 0)) })],
    ['nothing for ever', ({ head }) => ({ head, bytes: new Uint8Array() })],
    ['more than it said', ({ head, bytes }) => ({ head: { ...head, size: 100 }, bytes })],
    [
      'half of it, then no more',
      ({ request, head, bytes }) =>
        request.type === 'blob' && request.offset > 0 ? undefined : { head, bytes },
    ],
  ])('of a peer that sends %s come from the next', (_name, lie) =>
    withBlobs(async (kit) => {
      const { a, c } = kit
      c.net.handle(PAGES_PROTOCOL, lying(c, a.id, large(lie)))
      expect(await kit.pull(c, a)).toEqual({ fetched: SIZES.length, missing: 0, failed: 0 })
      await expectBlobs(kit)
    }),
  )

  it('of a lying peer alone cost a typed error', () =>
    withBlobs(async (kit) => {
      const { a, b, c, alice, cids } = kit
      const lie: Lie = ({ head, bytes }) => ({ head, bytes: bytes?.with(9, 1 ^ (bytes[9] ?? 0)) })
      c.net.handle(PAGES_PROTOCOL, lying(c, a.id, large(lie)))
      await expect(kit.pull(c)).rejects.toMatchObject({ code: 'net.malformed', fields: { peer: c.id } })
      const row = await b.storage.get('blobs', blobKey(alice.did, cids.at(-1) ?? ''))
      expect(row).toMatchObject({ state: 'wanted' })
    }))
})
