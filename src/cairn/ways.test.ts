import { describe, expect, it } from 'vitest'
import { fetchBlobs } from '../sync/blobs.ts'
import type { ActivityItem } from './api.ts'
import { namePeer } from './network/copies.ts'
import { candidateOf, type LibraryKit, withLibrary } from './testing/library-kit.ts'
import { afterServer, wayFields, withNames } from './ways.ts'

const LIKES = 'app.bsky.feed.like'

/** What the history has of a kind, oldest first. */
const noted = async ({ me }: LibraryKit, kind: string): Promise<ActivityItem[]> => {
  const rows = await me.storage.list('activity')
  const items = await withNames(
    me.storage,
    // Written by the code under test.
    rows.map(({ value }) => value as ActivityItem),
  )
  return items.filter((it) => it.kind === kind)
}

describe('the history tells', () => {
  it('whose copy a backup came from and how, and why not from its own server', () =>
    withLibrary(async (kit) => {
      const { me, friend, alice, pds, library, announced, ended } = kit
      await friend.backUp(alice.did)
      pds.offline = true
      announced.push(candidateOf(friend))
      await ended((await library.backup(alice.did)).id)
      expect(await noted(kit, 'backup.done')).toEqual([])
      const fields = {
        ...{ changed: true, added: alice.repo.records.length, peer: friend.id, rung: 'pages' },
        tried: [{ rung: 'server', code: 'pds.network' }],
      }
      const note = { did: alice.did, level: 'good', fields }
      expect(await noted(kit, 'peer.pulled')).toMatchObject([note])

      // A name that is given later names what was before, too.
      await namePeer(me.storage, friend.id, "Ben's phone")
      expect(await noted(kit, 'peer.pulled')).toMatchObject([
        { ...note, fields: { ...fields, peerName: "Ben's phone" } },
      ])
    }))

  it('whom blobs came from that its own server did not give', () =>
    withLibrary(async (kit) => {
      const { friend, alice, pds, library, announced, ended } = kit
      const cid = alice.addBlob(new TextEncoder().encode('GIF89a picture'))
      const image = { $type: 'blob', ref: { $link: cid }, mimeType: 'image/gif', size: 10 }
      const value = { $type: 'app.bsky.feed.post', image }
      alice.commit({ create: [{ path: 'app.bsky.feed.post/picture', value }] })
      await friend.backUp(alice.did)
      await fetchBlobs(friend.host, pds.endpoints, alice.did, friend.work())
      alice.blobs.delete(cid)
      announced.push(candidateOf(friend))
      await ended((await library.backup(alice.did)).id)
      expect(await noted(kit, 'blobs.done')).toMatchObject([
        { fields: { fetched: 1, fromPeers: 1, peer: friend.id } },
      ])
      // The repo itself came from there.
      const [backup] = await noted(kit, 'backup.done')
      expect(backup).toMatchObject({ did: alice.did })
      expect(backup?.fields).not.toHaveProperty('peer')
    }))

  it('whom a collection came from, and what a newer head brought', () =>
    withLibrary(async (kit) => {
      const { friend, alice, library, announced, engine, keepCollection, ended } = kit
      await friend.backUp(alice.did)
      announced.push(candidateOf(friend))
      await ended((await keepCollection(alice.did, LIKES)).job)
      const likes = alice.repo.records.filter((it) => it.path.startsWith(LIKES)).length
      const own = { peer: friend.id }
      expect((await noted(kit, 'peer.pulled')).map((it) => it.fields)).toStrictEqual([
        { ...own, label: LIKES, collection: LIKES, records: likes, rung: 'pages' },
      ])

      await ended((await library.backup(alice.did)).id)
      alice.commit({ create: 3 })
      await friend.backUp(alice.did)
      await engine.meet(candidateOf(friend), [alice.did])
      await engine.idle()
      expect((await noted(kit, 'peer.pulled'))[1]?.fields).toMatchObject({
        ...{ ...own, rung: 'difference', added: 3, updated: 0, deleted: 0 },
      })
    }))
})

it('notes of a way are short, and say nothing of what did not happen', () => {
  const way = { peer: 'ben', rung: 'difference', resumed: false, tried: [] } as const
  expect(wayFields(undefined)).toEqual({})
  expect(wayFields(way)).toEqual({ peer: 'ben', rung: 'difference' })
  const tried = Array.from({ length: 20 }, (_, i) => ({ rung: undefined, peer: `p${i}`, code: 'net.reset' }))
  const long = wayFields(afterServer(new Error('oops'), { ...way, resumed: true, url: 'https://a/', tried }))
  expect(long).toMatchObject({ resumed: true, url: 'https://a/' })
  expect(long['tried']).toHaveLength(8)
  expect(long['tried']).toMatchObject([
    { rung: 'server', code: 'cairn.unexpected' },
    { peer: 'p0' },
    ...Array.from({ length: 6 }, () => ({})),
  ])
})

it('notes of another version are listed as they are', () =>
  withLibrary(async ({ me }) => {
    await namePeer(me.storage, 'ben', 'Ben')
    const item = (fields: ActivityItem['fields']): ActivityItem => ({
      ...{ id: '1', at: 0, did: undefined, kind: 'x', level: 'info' },
      fields,
    })
    const odd = [{ peer: 5 }, { tried: 'x' }, { tried: [null, 7] }, { peer: 'nobody' }].map(item)
    expect(await withNames(me.storage, odd)).toEqual(odd)
    expect(
      await withNames(me.storage, [item({ tried: [{ peer: 'ben', code: 'c' }, { code: 'd' }] })]),
    ).toEqual([item({ tried: [{ peer: 'ben', code: 'c', name: 'Ben' }, { code: 'd' }] })])
  }))
