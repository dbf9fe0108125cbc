import { describe, expect, it } from 'vitest'
import { checkEach } from '../../core/hash.ts'
import { toHex } from '../../core/bytes.ts'
import { sha256 } from '../../storage/testing/node-host.ts'
import type { TestAccount } from '../testing/account.ts'
import { repoRow } from '../kept.ts'
import { buildFragment, readFragment } from './fragment.ts'
import { deletePartial, deletePartials, type PartialRow, partialRow, partialRows } from './partial-rows.ts'
import { readPartial } from './read-partial.ts'
import { PAGES_PROTOCOL } from './protocol.ts'
import { pullCollection } from './pull-collection.ts'
import { changeBlocks, type Lie, lying } from './testing/liar.ts'
import { type PagesNode, type PagesWorld, withNodes } from './testing/pages-kit.ts'

const LIKES = 'app.bsky.feed.like'
const POSTS = 'app.bsky.feed.post'

interface Kit extends PagesWorld {
  readonly a: PagesNode
  readonly b: PagesNode
  readonly c: PagesNode
  readonly alice: TestAccount
  pull(collection: string, ...sources: readonly PagesNode[]): Promise<PartialRow>
  paths(row: PartialRow, after?: string): Promise<[string, string][]>
}

async function withCopy(records: number, use: (kit: Kit) => Promise<void>): Promise<void> {
  await withNodes(3, async (world) => {
    const [a, b, c] = world.nodes
    if (a === undefined || b === undefined || c === undefined) throw new Error('three nodes')
    const alice = await world.pds.account({ name: 'alice', records })
    await a.backUp(alice.did)
    a.serve()
    await use({
      ...world,
      a,
      b,
      c,
      alice,
      pull: (collection, ...sources) =>
        pullCollection(b.host, world.pds.endpoints, {
          did: alice.did,
          collection,
          sources: sources.map((it) => it.source(b)),
          work: b.work(),
          label: 'alice',
          pageBytes: 4 * 1024,
        }),
      async paths(row, after) {
        const out: [string, string][] = []
        for await (const record of readPartial(b.host, row, after))
          out.push([record.path, toHex(record.bytes)])
        return out
      },
    })
  })
}

const wantedOf = ({ alice }: Kit, collection: string): [string, string][] =>
  alice.repo.records
    .filter((it) => it.path.startsWith(`${collection}/`))
    .map((it) => [it.path, toHex(it.bytes)])

describe('a partial copy', () => {
  it('has all of a collection and nothing else, proven without any network', () =>
    withCopy(200, async (kit) => {
      const { a, b, pds, alice } = kit
      pds.offline = true
      const row = await kit.pull(LIKES, a)
      const wanted = wantedOf(kit, LIKES)
      expect(row).toMatchObject({
        signature: 'current-key',
        whole: true,
        records: wanted.length,
        rev: alice.repo.rev,
      })
      expect(row.pages.length).toBeGreaterThan(1)
      expect(await kit.paths(row)).toEqual(wanted)
      const from = Math.floor(wanted.length / 2)
      expect(await kit.paths(row, wanted[from]?.[0])).toEqual(wanted.slice(from + 1))
      // It is no backup, and does not look like one.
      expect(await repoRow(b.storage, alice.did)).toBeUndefined()
      expect((await partialRows(b.storage, alice.did)).map((it) => it.collection)).toEqual([LIKES])
    }))

  it('of a collection that is not there proves just that', () =>
    withCopy(60, async (kit) => {
      const row = await kit.pull('com.example.nothing', kit.a)
      expect(row).toMatchObject({ records: 0, whole: true })
      expect(await kit.paths(row)).toEqual([])
    }))

  it('goes on where it broke off', () =>
    withCopy(200, async (kit) => {
      const { a, b, c, alice } = kit
      c.net.handle(
        PAGES_PROTOCOL,
        lying(c, a.id, ({ request, turn, head, bytes }) =>
          request.type === 'page' && turn > 0 ? undefined : { head, bytes },
        ),
      )
      await expect(kit.pull(LIKES, c)).rejects.toMatchObject({
        code: 'net.malformed',
        fields: { peer: c.id },
      })
      expect(await partialRow(b.storage, alice.did, LIKES)).toBeUndefined()
      const asked: (string | undefined)[] = []
      const note: Lie = ({ request, head, bytes }) => {
        if (request.type === 'page') asked.push(request.after)
        return { head, bytes }
      }
      c.net.handle(PAGES_PROTOCOL, lying(c, a.id, note))
      const row = await kit.pull(LIKES, c)
      expect(asked).toHaveLength(row.pages.length - 1)
      expect(asked).not.toContain(undefined)
      expect(await kit.paths(row)).toEqual(wantedOf(kit, LIKES))
    }))

  it('follows the head, and never back', () =>
    withCopy(80, async (kit) => {
      const { a, b, c, pds, alice } = kit
      await c.backUp(alice.did)
      c.serve()
      const first = await kit.pull(LIKES, a)
      expect(await kit.pull(LIKES, a)).toEqual(first)
      alice.commit({ create: [{ path: `${LIKES}/new`, value: { $type: LIKES } }], delete: 4 })
      await a.backUp(alice.did)
      pds.offline = true
      const second = await kit.pull(LIKES, a)
      expect(second.rev).toBe(alice.repo.rev)
      expect(await kit.paths(second)).toEqual(wantedOf(kit, LIKES))
      await expect(kit.pull(LIKES, c)).rejects.toMatchObject({
        code: 'repo.rev-rollback',
        fields: { peer: c.id },
      })
      expect(await partialRow(b.storage, alice.did, LIKES)).toEqual(second)
      // The pages of the first are gone.
      expect(await b.storage.byteKeys({ from: 'part/', to: 'part0' })).toEqual(
        second.pages.map((it) => it.key),
      )
    }))

  it('does not take less than all from a peer, nor from the disk', () =>
    withCopy(80, async (kit) => {
      const { a, b, c, alice } = kit
      const digests = checkEach(sha256)
      const without = (bytes: Uint8Array): Uint8Array<ArrayBuffer> =>
        buildFragment(readFragment(bytes, digests).toSpliced(-2, 1))
      const lie: Lie = ({ request, head, bytes }) => ({
        head,
        bytes:
          request.type === 'page'
            ? changeBlocks({ head, bytes }, (blocks) => blocks.toSpliced(-2, 1))
            : bytes,
      })
      for (const old of [true, false]) {
        const stop = c.net.handle(PAGES_PROTOCOL, lying(c, a.id, lie, { old }))
        await expect(kit.pull(LIKES, c)).rejects.toMatchObject({
          code: expect.stringMatching(/^repo\./) as string,
          fields: { peer: c.id },
        })
        stop()
      }
      const row = await kit.pull(LIKES, c, a)
      const key = row.pages[0]?.key ?? ''
      const parts = [without(await b.storage.readBytes(key))]
      await b.storage.write([{ type: 'put-bytes', key, parts }])
      await expect(kit.paths(row)).rejects.toMatchObject({ code: expect.stringMatching(/^repo\./) as string })
      await b.storage.write(deletePartial(alice.did, LIKES))
      await kit.pull(POSTS, a)
      await b.storage.write(deletePartials(alice.did))
      expect(await partialRows(b.storage, alice.did)).toEqual([])
      expect(await b.storage.byteKeys()).toEqual([])
    }))
})
