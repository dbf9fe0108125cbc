import { describe, expect, it } from 'vitest'
import { toHex } from '../../core/bytes.ts'
import { checkEach } from '../../core/hash.ts'
import { sha256 } from '../../storage/testing/node-host.ts'
import type { TestAccount } from '../testing/account.ts'
import { commitCid } from '../testing/local-pds.ts'
import { openPages, type PageClient } from './client.ts'
import { createPageWalk } from './page-walk.ts'
import { type PartialRow, partialRow } from './partial-rows.ts'
import { readPartial } from './read-partial.ts'
import { pullCollection } from './pull-collection.ts'
import { pullDifference } from './pull-difference.ts'
import { pullPages } from './pull-pages.ts'
import { collectionRange, type PathRange } from './range.ts'
import { type PagesNode, type PagesWorld, withNodes } from './testing/pages-kit.ts'

const LIKES = 'app.bsky.feed.like'
const POSTS = 'app.bsky.feed.post'

interface Kit extends PagesWorld {
  readonly a: PagesNode
  readonly b: PagesNode
  readonly c: PagesNode
  readonly alice: TestAccount
  readonly client: PageClient
  pull(to: PagesNode, from: PagesNode, collection?: string): Promise<PartialRow>
}

/** `a` keeps alice's repo, `b` her likes in several pages; `client` asks `b`. */
async function withLikes(use: (kit: Kit) => Promise<void>): Promise<void> {
  await withNodes(3, async (world) => {
    const { pds, nodes } = world
    const [a, b, c] = nodes
    if (a === undefined || b === undefined || c === undefined) throw new Error('three nodes')
    const alice = await pds.account({ name: 'alice', records: 180 })
    await a.backUp(alice.did)
    a.serve()
    const pull: Kit['pull'] = (to, from, collection = LIKES) =>
      pullCollection(to.host, pds.endpoints, {
        ...{ did: alice.did, collection, sources: [from.source(to)], work: to.work(), label: '' },
        pageBytes: 2048,
      })
    expect((await pull(b, a)).pages.length).toBeGreaterThan(3)
    b.serve()
    const client = await openPages(c.net, b.id, { timers: c.timers })
    try {
      await use({ ...world, a, b, c, alice, client, pull })
    } finally {
      await client.close()
    }
  })
}

const recordsOf = ({ alice }: Kit, { from = '', to = '~', after = '' }: PathRange): [string, string][] =>
  alice.repo.records
    .filter((it) => it.path >= from && it.path < to && it.path > after)
    .map((it) => [it.path, toHex(it.bytes)])

describe('a partial copy is served', () => {
  it('to its end from anywhere within it, in pages of any size', () =>
    withLikes(async (kit) => {
      const { alice, client } = kit
      const likes = collectionRange(LIKES)
      const paths = recordsOf(kit, likes).map(([path]) => path)
      const [middle = '', later = ''] = [paths[20], paths[30]]
      const ranges: PathRange[] = [
        likes,
        { ...likes, after: middle },
        { ...likes, after: `${middle}0` },
        { from: middle, to: likes.to },
        { from: middle, to: later },
        { from: `${later}0`, to: `${later}1` },
        { ...likes, after: paths.at(-1) },
      ]
      for (const range of ranges) {
        for (const maxBytes of [1, 1500, 1 << 20]) {
          const root = commitCid(alice.repo)
          const options = { did: alice.did, root, range, sha256, digests: checkEach(sha256) }
          const walk = createPageWalk(options)
          const got: [string, string][] = []
          while (!walk.end) {
            const known = walk.commit !== undefined
            const ask = { did: alice.did, root, ...range, after: walk.last, known, maxBytes }
            const page = await client.page(ask)
            const proven = walk.take(await page.bytes)
            expect([page.root, page.last, page.end]).toEqual([root, proven.last, proven.end])
            got.push(...proven.records.map((it): [string, string] => [it.path, toHex(it.bytes)]))
          }
          expect(got).toEqual(recordsOf(kit, range))
        }
      }
    }))

  it('as what it is, with what proves its author', () =>
    withLikes(async (kit) => {
      const { a, b, alice, client, pull } = kit
      alice.commit({ create: 1 })
      await a.backUp(alice.did)
      const old = await partialRow(b.storage, alice.did, LIKES)
      const posts = await pull(b, a, POSTS)
      expect(await client.heads([alice.did])).toEqual([
        {
          ...{ did: alice.did, rev: alice.repo.rev, commit: commitCid(alice.repo), partial: true },
          records: posts.records + (old?.records ?? 0),
          bytes: posts.bytes + (old?.bytes ?? 0),
          collections: [
            { nsid: LIKES, rev: old?.rev, commit: old?.commitCid },
            { nsid: POSTS, rev: alice.repo.rev, commit: commitCid(alice.repo) },
          ],
        },
      ])
      expect((await client.identity(alice.did))?.did).toBe(alice.did)
    }))

  it('and nothing beside it', () =>
    withLikes(async ({ b, c, alice, pds, client }) => {
      const { did } = alice
      const refused = (reason: string) => ({ code: 'net.refused', fields: { peer: b.id, reason } })
      const whole = { did, maxBytes: 1000 }
      await expect(client.page(whole)).rejects.toMatchObject(refused('not-kept'))
      const wide = { ...collectionRange(LIKES), to: 'app.bsky.feed.liked' }
      await expect(client.page({ ...whole, ...wide })).rejects.toMatchObject(refused('not-kept'))
      const posts = collectionRange(POSTS)
      await expect(client.page({ ...whole, ...posts })).rejects.toMatchObject(refused('not-kept'))
      const before = alice.repo
      alice.commit({ create: 1 })
      const gone = { ...whole, ...collectionRange(LIKES), root: commitCid(alice.repo) }
      await expect(client.page(gone)).rejects.toMatchObject(refused('root-gone'))
      const wants = [{ cid: before.commit.slice(0, 36), key: `${LIKES}/x` }]
      await expect(client.blocks({ did, wants })).rejects.toMatchObject(refused('not-kept'))
      await expect(client.blob({ did, cid: commitCid(before), offset: 0 })).rejects.toMatchObject(
        refused('not-kept'),
      )
      const pull = { did, sources: [b.source(c)], work: c.work(), label: '' }
      await expect(pullPages(c.host, pds.endpoints, pull)).rejects.toMatchObject(refused('not-kept'))
      await c.backUp(did)
      await expect(pullDifference(c.host, pds.endpoints, pull)).rejects.toMatchObject(refused('not-kept'))
    }))

  it('to those who keep the same, each collection under its own commit', () =>
    withLikes(async (kit) => {
      const { a, b, c, pds, alice, pull } = kit
      const likes = recordsOf(kit, collectionRange(LIKES))
      alice.commit({ create: 1 })
      await a.backUp(alice.did)
      await pull(b, a, POSTS)
      pds.offline = true
      const row = await pull(c, b)
      expect(row).toMatchObject({ signature: 'current-key', whole: true, records: likes.length })
      expect((await partialRow(b.storage, alice.did, LIKES))?.commitCid).toBe(row.commitCid)
      const got: [string, string][] = []
      for await (const it of readPartial(c.host, row)) got.push([it.path, toHex(it.bytes)])
      expect(got).toEqual(likes)
      expect((await pull(c, b, POSTS)).rev).toBe(alice.repo.rev)
    }))
})
