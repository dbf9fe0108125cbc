import { describe, expect, it } from 'vitest'
import { parseCid } from '../core/cid.ts'
import { verifyProofCar } from '../repo/proof.ts'
import { cidText } from '../repo/testing/cid.ts'
import type { TestRepo } from '../repo/testing/repo.ts'
import { frames } from '../storage/frames.ts'
import type { Storage } from '../storage/port.ts'
import { sha256 } from '../storage/testing/node-host.ts'
import type { Cairn, Change } from './api.ts'
import { withCairn } from './testing/cairn-kit.ts'

const model = (repo: TestRepo, collection: string): string[] =>
  repo.records.flatMap((it) => (it.path.startsWith(`${collection}/`) ? [it.path] : []))

async function expectPages(
  cairn: Cairn,
  repo: TestRepo,
  collection: string,
  limit: number,
  snapshot?: string,
): Promise<void> {
  for (const newestFirst of [true, false]) {
    const all = newestFirst ? model(repo, collection).reverse() : model(repo, collection)
    for (let offset = 0; offset <= all.length + 1; offset++) {
      const query = {
        did: repo.did,
        collection,
        offset,
        limit,
        newestFirst,
        ...(snapshot === undefined ? {} : { snapshot }),
      }
      const page = await cairn.library.records(query)
      expect([page.total, page.offset]).toEqual([all.length, offset])
      expect(page.items.map((it) => it.path)).toEqual(all.slice(offset, offset + limit))
    }
  }
}

describe('pages of records', () => {
  it('are as a plain list gives them, for every offset in both directions', () =>
    withCairn(async ({ cairn, pds, backUp }) => {
      const alice = await pds.account({ name: 'alice', records: 90 })
      const first = alice.repo
      await backUp(alice.did)
      alice.commit({ create: 10, delete: 30 })
      await backUp(alice.did)
      for (const collection of [
        'app.bsky.feed.post',
        'app.bsky.feed.like',
        'app.bsky.actor.profile',
        'app.bsky.feed.pos',
        'no.such.one',
      ]) {
        await expectPages(cairn, alice.repo, collection, 7)
      }
      const [old] = await cairn.library.snapshots(alice.did)
      await expectPages(cairn, first, 'app.bsky.feed.like', 100, old?.id)
    }))

  it('hold the values, newest first unless told, and bounded whatever is asked', () =>
    withCairn(async ({ cairn, pds, backUp }) => {
      const alice = await pds.account({ name: 'alice', records: 900 })
      await backUp(alice.did)
      const collection = 'app.bsky.feed.like'
      const query = { did: alice.did, collection, offset: 0, limit: 1 }
      const [item] = (await cairn.library.records(query)).items
      const record = alice.repo.records.findLast((it) => it.path.startsWith(`${collection}/`))
      expect(item).toMatchObject({
        path: record?.path,
        collection,
        rkey: record?.path.split('/')[1],
        cid: cidText(record?.cid ?? new Uint8Array()),
        bytes: record?.bytes.length,
        value: { $type: collection },
      })
      const total = model(alice.repo, collection).length
      expect((await cairn.library.records({ ...query, limit: 1e9 })).items).toHaveLength(Math.min(500, total))
      expect(
        (await cairn.library.records({ ...query, offset: -5, limit: 3 })).items.map((it) => it.path),
      ).toEqual(model(alice.repo, collection).reverse().slice(0, 3))
      expect((await cairn.library.records({ ...query, limit: -1 })).items).toEqual([])
      await expect(cairn.library.records({ ...query, did: 'did:plc:none' })).rejects.toMatchObject({
        code: 'sync.not-kept',
      })
      await expect(cairn.library.records({ ...query, snapshot: 'none' })).rejects.toMatchObject({
        code: 'sync.not-kept',
      })
    }))
})

/** Changes one byte of a record, or of the tree, on the disk. */
async function tamper(
  storage: Storage,
  cid: string,
  change: (bytes: Uint8Array, from: number, to: number) => void,
): Promise<void> {
  const digest = parseCid(cid)?.digest
  for (const key of await storage.byteKeys()) {
    const bytes = (await storage.readBytes(key)).slice()
    for (const frame of frames(bytes)) {
      if (frame.kind !== 'record') continue
      if (
        Buffer.compare(bytes.subarray(frame.digestAt, frame.digestAt + 32), digest ?? new Uint8Array()) !== 0
      )
        continue
      change(bytes, frame.from, frame.to)
      await storage.write([{ type: 'put-bytes', key, parts: [bytes] }])
      return
    }
  }
  throw new Error('no such record')
}

describe('one record', () => {
  it('comes with a proof from the signed commit down to it', () =>
    withCairn(async ({ cairn, pds, backUp }) => {
      const alice = await pds.account({ name: 'alice', records: 300 })
      await backUp(alice.did)
      for (const record of alice.repo.records.filter((_, i) => i % 29 === 0)) {
        const detail = await cairn.library.record(alice.did, record.path)
        expect(detail).toMatchObject({
          did: alice.did,
          uri: `at://${alice.did}/${record.path}`,
          path: record.path,
          cid: cidText(record.cid),
          snapshot: { rev: alice.repo.rev },
          proof: { valid: true, signature: 'current-key', commit: detail.snapshot.commit },
        })
        const { nodes } = detail.proof
        expect(nodes[0]?.cid).toBe(detail.snapshot.root)
        expect(nodes.map((it) => it.layer)).toEqual(nodes.map((_, i) => (nodes[0]?.layer ?? 0) - i))
        const car = await cairn.library.proofCar(alice.did, record.path)
        expect(verifyProofCar({ car, path: record.path, did: alice.did, sha256 })).toMatchObject({
          cid: cidText(record.cid),
        })
      }
      const absent = 'app.bsky.feed.post/3zzzzzzzzzzzz'
      await expect(cairn.library.record(alice.did, absent)).rejects.toMatchObject({
        code: 'sync.no-such-record',
        fields: { path: absent },
      })
      const car = await cairn.library.proofCar(alice.did, absent)
      expect(verifyProofCar({ car, path: absent, did: alice.did, sha256 }).cid).toBeUndefined()
    }))

  it.each([
    [
      'still reads',
      (bytes: Uint8Array, _from: number, to: number) => bytes.set([(bytes[to - 1] ?? 0) ^ 1], to - 1),
    ],
    ['reads no more', (bytes: Uint8Array, from: number) => bytes.set([0xff], from)],
  ] as const)('changed on the disk so that it %s is shown as not proven', (_name, change) =>
    withCairn(async ({ cairn, pds, storage, backUp }) => {
      const alice = await pds.account({ name: 'alice', records: 80 })
      await backUp(alice.did)
      const path = model(alice.repo, 'app.bsky.feed.post')[3] ?? ''
      const { cid } = await cairn.library.record(alice.did, path)
      await tamper(storage, cid, change)
      expect(await cairn.library.record(alice.did, path)).toMatchObject({
        path,
        cid,
        proof: { valid: false, nodes: [] },
      })
      // It does not hide the others.
      const page = await cairn.library.records({
        did: alice.did,
        collection: 'app.bsky.feed.post',
        offset: 0,
        limit: 100,
      })
      expect(page.items).toHaveLength(page.total)
    }),
  )

  it('is not proven by a snapshot whose signature is not what it says', () =>
    withCairn(async ({ cairn, pds, storage, backUp }) => {
      const alice = await pds.account({ name: 'alice' })
      const bob = await pds.account({ name: 'bob' })
      await backUp(alice.did)
      const [row] = await storage.list('snapshots')
      // written by the backup above
      await storage.write([
        {
          type: 'put',
          table: 'snapshots',
          key: row?.key ?? '',
          value: { ...(row?.value as object), signedBy: bob.repo.didKey },
        },
      ])
      const path = alice.repo.records[0]?.path ?? ''
      expect((await cairn.library.record(alice.did, path)).proof.valid).toBe(false)
    }))
})

describe('history', () => {
  it('of a record tells each value it had, and that upstream deleted it', () =>
    withCairn(async ({ cairn, pds, backUp }) => {
      const alice = await pds.account({ name: 'alice', records: 50 })
      const path = model(alice.repo, 'app.bsky.feed.post')[5] ?? ''
      const later = 'app.bsky.feed.post/3zzzzzzzzzz22'
      const value = (text: string) => ({ $type: 'app.bsky.feed.post', text })
      await backUp(alice.did)
      const steps = [
        { create: [{ path: later, value: value('new') }] },
        { update: [{ path, value: value('second') }] },
        { delete: [path] },
        { create: 1 },
        { create: [{ path, value: value('back') }] },
      ]
      for (const step of steps) {
        alice.commit(step)
        await backUp(alice.did)
      }
      const revs = alice.history.map((it) => it.rev)
      const told = (await cairn.library.versions(alice.did, path)).map((it) => ({
        text: (it.value as { text?: string } | undefined)?.text,
        there: it.cid !== undefined,
        from: revs.indexOf(it.firstSnapshot.rev),
        to: revs.indexOf(it.lastSnapshot.rev),
        inHead: it.inHead,
      }))
      expect(told).toEqual([
        {
          text: expect.stringContaining('alice writes') as string,
          there: true,
          from: 0,
          to: 1,
          inHead: false,
        },
        { text: 'second', there: true, from: 2, to: 2, inHead: false },
        { text: undefined, there: false, from: 3, to: 4, inHead: false },
        { text: 'back', there: true, from: 5, to: 5, inHead: true },
      ])
      // Deleted upstream, it is still read from the snapshot that has it.
      const [first] = await cairn.library.snapshots(alice.did)
      expect((await cairn.library.record(alice.did, path, first?.id)).proof.valid).toBe(true)
      expect(await cairn.library.versions(alice.did, later)).toMatchObject([
        { firstSnapshot: { rev: revs[1] }, inHead: true },
      ])
      expect(await cairn.library.versions(alice.did, 'a.b.c/none')).toEqual([])
    }))

  it('between any two snapshots is the difference of two plain lists', () =>
    withCairn(async ({ cairn, pds, backUp }) => {
      const alice = await pds.account({ name: 'alice', records: 120 })
      await backUp(alice.did)
      for (let i = 0; i < 3; i++) {
        alice.commit({ create: 5, update: 4, delete: 6 })
        await backUp(alice.did)
      }
      const snapshots = await cairn.library.snapshots(alice.did)
      for (const from of [undefined, ...snapshots]) {
        for (const to of snapshots) {
          const expected = difference(repoOf(alice.history, from?.rev), repoOf(alice.history, to.rev))
          const set = await cairn.library.changes(alice.did, from?.id, to.id, { offset: 0, limit: 500 })
          expect(set.items).toEqual(expected)
          const count = (type: Change['type']): number => expected.filter((it) => it.type === type).length
          expect([set.added, set.changed, set.deleted]).toEqual([
            count('added'),
            count('changed'),
            count('deleted'),
          ])
          const part = await cairn.library.changes(alice.did, from?.id, to.id, { offset: 2, limit: 3 })
          expect(part).toEqual({ ...set, items: expected.slice(2, 5) })
        }
      }
    }))
})

const repoOf = (history: readonly TestRepo[], rev: string | undefined): TestRepo | undefined =>
  history.find((it) => it.rev === rev)

function difference(from: TestRepo | undefined, to: TestRepo | undefined): Change[] {
  const cids = (repo: TestRepo | undefined) => new Map(repo?.records.map((it) => [it.path, cidText(it.cid)]))
  const [old, now] = [cids(from), cids(to)]
  return [...new Set([...old.keys(), ...now.keys()])]
    .sort()
    .map((path) => ({ path, before: old.get(path), after: now.get(path) }))
    .filter((it) => it.before !== it.after)
    .map((it): Change => ({
      ...it,
      type: it.before === undefined ? 'added' : it.after === undefined ? 'deleted' : 'changed',
    }))
}
