import { describe, expect, it } from 'vitest'
import * as v from 'valibot'
import { createFrameReader, writeFrame } from '../../net/frames.ts'
import { decodeMessage, encodeMessage, writeMessage } from '../../net/messages.ts'
import { createPrng } from '../../repo/testing/prng.ts'
import type { StreamHandler } from '../../net/net.ts'
import type { Storage, WriteOp } from '../../storage/port.ts'
import { snapshotKey } from '../../storage/rows.ts'
import { withLevel } from '../../storage/testing/node-host.ts'
import type { HeadWord } from './digest.ts'
import { keptHeads } from './kept-heads.ts'
import { DIGESTS_PROTOCOL, MAX_IDS, MAX_MEMBERS } from './protocol.ts'
import { DIGESTS_LIMITS } from './serve.ts'
import { cidOf, holding, type PairKit, rowsOf, withPair } from './testing/digest-kit.ts'

const REV = '3lmztkjyh2k2a'
const LATER = '3lmztkjyh2k2b'
const didOf = (i: number): string => `did:web:${i}.example.org`
const wordOf = (id: string, rev = REV): HeadWord => ({ id, rev, commit: cidOf(id + rev) })
const GROUP = 'at://did:plc:group/space/app.cairn.space/one'

const partRow = (did: string, collection: string, rev: string): WriteOp => ({
  type: 'put',
  table: 'meta',
  key: `partial/${did}/${collection}`,
  value: { did, collection, rev, commitCid: cidOf(did + rev), records: 1, bytes: 1, whole: true, pages: [] },
})

/** Sends what no client would, and gives the answers. */
async function exchange({ asker, peer }: PairKit, ...messages: Uint8Array[]): Promise<unknown[]> {
  const stream = await asker.open(peer, DIGESTS_PROTOCOL)
  const frames = createFrameReader(stream)
  const out: unknown[] = []
  for (const message of messages) {
    await writeFrame(stream, message)
    const frame = await frames.expect(4 << 20)
    out.push(decodeMessage(frame, v.record(v.string(), v.unknown()), peer))
  }
  stream.abort()
  return out
}

const listOf = (ids: readonly string[], digests = new Uint8Array(16 * ids.length)) => ({
  type: 'list',
  ids,
  digests,
})

/** A storage that counts the rows that are read of it. */
function counting(storage: Storage): { readonly storage: Storage; readonly rows: () => number } {
  let rows = 0
  return {
    rows: () => rows,
    storage: {
      ...storage,
      async get(table, key) {
        rows++
        return storage.get(table, key)
      },
      async getMany(table, keys) {
        rows += keys.length
        return storage.getMany(table, keys)
      },
      async list(table, range) {
        const found = await storage.list(table, range)
        rows += found.length
        return found
      },
    },
  }
}

describe('what is kept', () => {
  it('is told of as it is: whole, in part, or not at all', () =>
    withLevel(async (storage) => {
      const [whole, part, old, begun, none] = [0, 1, 2, 3, 4].map(didOf) as [
        string,
        string,
        string,
        string,
        string,
      ]
      await storage.write([
        ...rowsOf(whole, REV),
        partRow(part, 'app.bsky.feed.like', REV),
        partRow(part, 'app.bsky.feed.post', LATER),
        // Commits of version 2 need have no rev.
        ...rowsOf(old, undefined),
        { type: 'put', table: 'repos', key: begun, value: { did: begun, head: undefined } },
      ])
      expect(await keptHeads(storage)([none, part, whole, old, begun, GROUP])).toEqual([
        undefined,
        {
          ...wordOf(part, LATER),
          collections: [
            { nsid: 'app.bsky.feed.like', rev: REV },
            { nsid: 'app.bsky.feed.post', rev: LATER },
          ],
        },
        wordOf(whole),
        undefined,
        undefined,
        undefined,
      ])
    }))

  it('is found again where a head moved while it was read', () =>
    withLevel(async (storage) => {
      const did = didOf(1)
      await storage.write(rowsOf(did, REV, 'a'))
      const moving: Storage = {
        ...storage,
        async getMany(table, keys) {
          if (table === 'snapshots')
            await storage.write([
              ...rowsOf(did, LATER, 'b'),
              { type: 'delete', table: 'snapshots', key: snapshotKey(did, 'a') },
            ])
          return storage.getMany(table, keys)
        },
      }
      expect(await keptHeads(moving)([did])).toEqual([wordOf(did, LATER)])
    }))

  it('is read for what is asked of it only, however much there is', () =>
    withPair(
      () => ({}),
      async ({ storage, compare, timers }) => {
        const dids = Array.from({ length: 20_000 }, (_, i) => didOf(i))
        for (let i = 0; i < dids.length; i += 4000)
          await storage.write(
            dids.slice(i, i + 4000).flatMap((did) => rowsOf(did, REV)),
            { durability: 'relaxed' },
          )
        const counted = counting(storage)
        await withPair(
          () => ({ storage: counted.storage }),
          async (inner) => {
            const asked = new Map(dids.slice(7000, 7050).map((did) => [did, wordOf(did)]))
            expect(await inner.compare(asked)).toEqual(asked)
            // A row of the repo and one of its head.
            expect(counted.rows()).toBe(100)
          },
        )
        expect(timers.slept).toEqual([])
        expect(await compare(new Map([[didOf(3), undefined]]))).toEqual(
          new Map([[didOf(3), wordOf(didOf(3))]]),
        )
      },
    ))
})

describe('whoever serves', () => {
  it('tells a peer of nothing that it may not read', () => {
    const heads = new Map([1, 2, 3].map((i) => [didOf(i), wordOf(didOf(i))]))
    return withPair(
      (count) => ({
        ...holding(heads)(count),
        mayRead: async (peer, did) => peer === 'asker' && did !== didOf(2),
      }),
      async ({ compare, reads }) => {
        expect([...(await compare(heads)).values()]).toEqual([wordOf(didOf(1)), undefined, wordOf(didOf(3))])
        // Nor of whether it guessed right.
        const wrong = new Map([[didOf(2), wordOf(didOf(2), LATER)]])
        expect(await compare(wrong)).toEqual(new Map([[didOf(2), undefined]]))
        expect(reads()).toBe(2)
      },
    )
  })

  it('refuses what is no request, and goes on', () => {
    const ids = Array.from({ length: MAX_IDS + 1 }, (_, i) => didOf(i))
    const group = { type: 'group', group: GROUP, bits: 1, digests: new Uint8Array(32) }
    const wrong = [
      {},
      { type: 'all' },
      listOf(ids),
      listOf([didOf(1), didOf(1)]),
      listOf(['did:plc:ä']),
      listOf(['at://did:plc:a b']),
      listOf([didOf(1)], new Uint8Array(15)),
      listOf([didOf(1)], new Uint8Array(32)),
      { ...listOf([didOf(1)]), from: -1 },
      { ...group, bits: 13, digests: new Uint8Array(16) },
      { ...group, bits: 2 },
      { ...group, group: 'one' },
    ]
    return withPair(holding(new Map([[didOf(1), wordOf(didOf(1))]])), async (kit) => {
      const answers = await exchange(
        kit,
        Uint8Array.of(0xff),
        ...wrong.map((it) => encodeMessage(it)),
        encodeMessage(listOf([didOf(1), didOf(2)])),
        encodeMessage({ ...listOf([didOf(1)]), from: 7 }),
      )
      expect(answers).toEqual([
        ...Array.from({ length: wrong.length + 1 }, () => ({ refused: 'bad-request' })),
        { differ: [0], heads: [wordOf(didOf(1))] },
        { differ: [], heads: [] },
      ])
    })
  })

  it('refuses a group, and a bucket, that no answer holds', () => {
    const digests = new Uint8Array(16)
    const members = Array.from({ length: 12_000 }, (_, i) => didOf(i))
    const many = Array.from({ length: MAX_MEMBERS + 1 }, (_, i) => didOf(i))
    return withPair(
      () => ({
        headsOf: async (ids) => ids.map((id) => wordOf(id)),
        membersOf: async (name) => (name === GROUP ? members : many),
      }),
      async (kit) => {
        const coarse = { type: 'group', group: GROUP, bits: 0, digests }
        const answers = await exchange(
          kit,
          encodeMessage(coarse),
          encodeMessage({ ...coarse, group: `${GROUP}/many` }),
        )
        expect(answers).toEqual([{ refused: 'too-many' }, { refused: 'too-many' }])
      },
    )
  })

  it('serves so many at once, and lets go of who says nothing', () =>
    withPair(holding(new Map()), async ({ asker, peer, timers, compare }) => {
      const streams = await Promise.all(
        Array.from({ length: DIGESTS_LIMITS.perPeer }, () => asker.open(peer, DIGESTS_PROTOCOL)),
      )
      for (const stream of streams) {
        await writeMessage(stream, listOf([didOf(1)]))
        await createFrameReader(stream).expect(1000)
      }
      const one = new Map([[didOf(1), undefined]])
      await expect(compare(one)).rejects.toMatchObject({
        code: 'net.refused',
        fields: { reason: 'too-many' },
      })
      timers.fire(DIGESTS_LIMITS.idleMs)
      await Promise.all(streams.map((it) => expect(it.read()).rejects.toMatchObject({ code: 'net.reset' })))
      expect(await compare(one)).toEqual(one)
    }))

  it('answers so many requests on a stream and no more', () =>
    withPair(
      (count) => ({ ...holding(new Map())(count), limits: { ...DIGESTS_LIMITS, requests: 2 } }),
      async (kit) => {
        const one = encodeMessage(listOf([didOf(1)]))
        expect(await exchange(kit, one, one)).toHaveLength(2)
        await expect(exchange(kit, one, one, one)).rejects.toMatchObject({ code: 'net.malformed' })
      },
    ))
})

describe('a liar', () => {
  const [one, two] = [wordOf(didOf(0)), wordOf(didOf(1))]
  const asked = new Map([0, 1, 2, 3].map((i) => [didOf(i), wordOf(didOf(i), LATER)]))
  /** What asking ends with, of a peer that gives these answers. */
  const endOf = async (serve: StreamHandler): Promise<unknown> => {
    let end: unknown
    const ask = async ({ compare }: PairKit): Promise<void> => {
      end = await compare(asked).catch((error: unknown) => error)
    }
    await withPair(() => ({}), ask, serve)
    return end
  }
  const answering =
    (...answers: object[]): StreamHandler =>
    async (stream) => {
      const frames = createFrameReader(stream)
      for (const answer of answers) {
        await frames.expect(1 << 20)
        await writeMessage(stream, answer)
      }
      await frames.read(1 << 20)
    }
  const found = { code: 'net.malformed', fields: { peer: 'there' } }

  it.each([
    ['tells of a repo that was not asked for', { differ: [0], heads: [wordOf(didOf(9))] }],
    ['tells of a repo that it says is as thought', { differ: [0], heads: [two] }],
    ['tells of a repo twice', { differ: [0], heads: [one, { ...one, rev: LATER }] }],
    ['names a bucket that there is not', { differ: [4], heads: [] }],
    ['names buckets out of order', { differ: [1, 0], heads: [one, two] }],
    ['names a bucket twice', { differ: [1, 1], heads: [two] }],
    ['names a bucket that is still to come', { differ: [0, 2], heads: [one], next: 2 }],
    ['goes on behind the end', { differ: [0], heads: [one], next: 5 }],
    ['goes on without having told anything', { differ: [], heads: [], next: 2 }],
    ['makes no way', { differ: [0], heads: [one], next: 0 }],
    ['has no rev', { differ: [0], heads: [{ id: didOf(0), commit: one.commit }] }],
    ['has a rev that is none', { differ: [0], heads: [{ ...one, rev: 'zzzzzzzzzzzzz' }] }],
    ['has a commit that is none', { differ: [0], heads: [{ ...one, commit: 'bafy' }] }],
    ['has an id that is none', { differ: [0], heads: [{ ...one, id: 'didOf' }] }],
    [
      'has a collection that is none',
      { differ: [0], heads: [{ ...one, collections: [{ nsid: '', rev: REV }] }] },
    ],
    ['says nothing', {}],
  ])('%s, and is found out', async (_, answer) => {
    expect(await endOf(answering(answer))).toMatchObject(found)
  })

  it('goes back in its second answer, and is found out', async () => {
    const answers = [
      { differ: [1], heads: [two], next: 2 },
      { differ: [0], heads: [one] },
    ]
    expect(await endOf(answering(...answers))).toMatchObject(found)
  })

  it('cuts its answer off, or sends one too long', async () => {
    const sending =
      (...bytes: number[]): StreamHandler =>
      (stream) =>
        stream.write(Uint8Array.from(bytes))
    expect(await endOf(sending(5, 0xa0))).toMatchObject(found)
    expect(await endOf(sending())).toMatchObject(found)
    expect(await endOf(sending(0xff, 0xff, 0xff, 0x07))).toMatchObject({ code: 'net.too-large' })
  })

  it('sends bytes of any kind, and is found out', async () => {
    const prng = createPrng('digests, bytes of any kind')
    const whole = encodeMessage({ differ: [0, 1], heads: [one, two] })
    for (let i = 0; i < 40; i++) {
      const at = prng.int(whole.length)
      const bytes = whole.with(at, (whole[at] ?? 0) ^ (1 << prng.int(8)))
      const end = await endOf((stream) => writeFrame(stream, bytes))
      // Another commit or rev is as good a word as this one.
      if (end instanceof Map) expect([...end.keys()]).toEqual([...asked.keys()])
      else expect(end).toMatchObject({ code: expect.stringMatching(/^net\.(malformed|refused)$/) as string })
    }
  })

  it('is silent, and waited for no longer than that', () =>
    withPair(
      () => ({}),
      async ({ compare, timers }) => {
        timers.expire(30_000)
        await expect(compare(asked)).rejects.toMatchObject({ code: 'net.timeout' })
      },
      async (stream) => {
        while ((await stream.read()) !== undefined);
      },
    ))
})
