import { describe, expect, it } from 'vitest'
import { toHex } from '../../core/bytes.ts'
import { integrityOf } from '../../pack/chain.ts'
import { chunkRef } from '../../pack/chunk.ts'
import { makeManifest } from '../../pack/manifest.ts'
import type { Change, Snapshot, Subscription } from '../../pack/model.ts'
import { sha256 } from '../../pack/testing/sha256.ts'
import type { SpaceError } from '../../repo/space/errors.ts'
import { expectCode } from '../../storage/compliance/subject.ts'
import { commitOf, contentOf, put, recordOf, remove, testDevice } from '../../storage/space/testing/kit.ts'
import { withLevel } from '../../storage/testing/node-host.ts'
import { createGzip } from './space-gzip.ts'
import { readSpaceTable, writeSpaceTable } from './space-table.ts'
import { takeSpace } from './space-sync.ts'
import { answererOf, createReplica, hasty, type Replica, type Tamper } from './testing/space-kit.ts'

const device = testDevice(3)
const { repo } = device
const gzip = createGzip()

/** An author with two commits, and a reader that has the first one, or nothing. */
function withTwo(
  hasFirst: boolean,
  use: (author: Replica, reader: Replica, rows: () => Promise<unknown>) => Promise<void>,
): Promise<void> {
  return withLevel((a) =>
    withLevel(async (b) => {
      const source = { pageBytes: 300, listBytes: 0 }
      const author = await createReplica(hasty(a), { name: 'mallory', source })
      const reader = await createReplica(hasty(b))
      const changes = Array.from({ length: 20 }, (_, n) => put(n, n))
      const commit = await commitOf(author.store, device, changes)
      if (hasFirst) await reader.store.apply(repo, { commit, changes, from: 'friend' })
      await commitOf(author.store, device, [put(3, 300), remove(4), put(50, 50)])
      const rows = async () => [await b.list('space-records'), await b.list('space-repos')]
      await use(author, reader, rows)
    }),
  )
}

/** Changes what a list says, and everything that is said about it. */
const listed = (bend: (changes: readonly Change[]) => readonly Change[]): Tamper => ({
  answer(answer, ask) {
    const commits = answer.commits.map((it) => ({ ...it, changes: bend(it.changes) }))
    const place = { partitionId: 'default', subscriptionId: answer.id }
    const integrity = integrityOf(commits, place, sha256, ask.verifiedRoot)
    return { ...answer, commits, ...(integrity && { integrity }) }
  },
})

const isRecord = ({ table }: Change): boolean => table === 'app.cairn.sealed'
const other = testDevice(4)

describe('a list by a liar is refused, names the liar, and changes nothing', () => {
  const cases: readonly (readonly [string, Tamper, string, (string | undefined)?])[] = [
    [
      'that forges a row',
      listed((all) =>
        all.map((it) =>
          isRecord(it) && it.op === 'upsert' ? { ...it, row: { record: recordOf(666) } } : it,
        ),
      ),
      'space.hash-mismatch',
    ],
    ['that drops a delete', listed((all) => all.filter(({ op }) => op !== 'delete')), 'space.hash-mismatch'],
    ['that drops a record', listed((all) => all.slice(1)), 'space.hash-mismatch'],
    [
      'that adds a delete',
      listed((all) => [{ ...(all[0] as Change), rowId: 'k000010', op: 'delete', row: null }, ...all]),
      'space.hash-mismatch',
    ],
    ['with a path twice', listed((all) => [all[0] as Change, ...all]), 'space.changes'],
    ['without the commit', listed((all) => all.slice(0, -1)), 'space.bad-answer', 'commit'],
    [
      'with a record that is none',
      listed((all) =>
        all.map((it) =>
          isRecord(it) && it.op === 'upsert' ? { ...it, row: { record: new Uint8Array([0xff]) } } : it,
        ),
      ),
      'space.record',
    ],
    [
      'with a path that is none',
      listed((all) => [{ ...(all[0] as Change), rowId: 'a b' }, ...all]),
      'space.record',
      'path',
    ],
    [
      'with a row that is not asked for',
      listed((all) => all.map((it) => ({ ...it, rowVersion: 1 }))),
      'space.bad-answer',
      'row',
    ],
    [
      'with other scopes',
      listed((all) => all.map((it) => ({ ...it, scopes: { repo: other.repo } }))),
      'space.bad-answer',
      'scopes',
    ],
    [
      'with a cursor that is not its own',
      { answer: (it) => ({ ...it, nextCursor: it.nextCursor + 1 }) },
      'space.bad-answer',
      'cursor',
    ],
    [
      'whose chain does not follow',
      {
        answer: (it) => ({ ...it, commits: it.commits.map((c) => ({ ...c, changes: c.changes.slice(1) })) }),
      },
      'space.bad-answer',
      'pack.chain',
    ],
    ['of another repo', { answer: (it) => ({ ...it, id: other.repo }) }, 'space.bad-answer', 'id'],
    [
      'that is said to be a bootstrap',
      { answer: (it) => ({ ...it, bootstrap: true }) },
      'space.bad-answer',
      'commits',
    ],
    [
      'that says no time',
      {
        answer: (it) => ({
          ...it,
          commits: it.commits.map((c) => ({ ...c, createdAt: '2020-01-01T00:00:00.000Z' })),
        }),
      },
      'space.bad-answer',
      'pack.chain',
    ],
    [
      'that is empty and moves the cursor',
      { answer: ({ integrity: _, ...it }) => ({ ...it, commits: [] }) },
      'space.bad-answer',
      'cursor',
    ],
  ]

  it.each(cases.map(([name, tamper, code, reason]) => ({ name, tamper, code, reason })))('$name', (it) =>
    withTwo(true, async (author, reader, rows) => {
      const { tamper, code, reason } = it
      const before = await rows()
      const fields = { peer: 'mallory', repo, ...(reason === undefined ? {} : { reason }) }
      await expectCode(takeSpace(reader.taker, repo, answererOf(author, tamper)), code, fields)
      expect(await rows()).toEqual(before)
      // An honest answer is still taken.
      expect((await takeSpace(reader.taker, repo, answererOf(author))).kind).toBe('moved')
    }),
  )

  it('that replays what was right once', () =>
    withTwo(true, async (author, reader, rows) => {
      let old: Subscription | undefined
      const recorder = answererOf(author, { answer: (it) => (old ??= it) })
      await takeSpace(reader.taker, repo, recorder)
      await commitOf(author.store, device, [put(60, 60)])
      await takeSpace(reader.taker, repo, answererOf(author))
      const before = await rows()
      const ask = await reader.taker.ask(repo, 'mallory')
      const replay = old ?? expect.fail()
      // As it came, it does not follow the chain; with its chain made anew its commit is old.
      await expectCode(reader.taker.take(ask, replay, recorder), 'space.bad-answer', { reason: 'pack.chain' })
      const anew = await listed((it) => it).answer?.(replay, ask)
      await expectCode(reader.taker.take(ask, anew ?? replay, recorder), 'space.rollback', {
        peer: 'mallory',
      })
      expect(await rows()).toEqual(before)
    }))

  it('with the commit of another author, or by who may not write', () =>
    withTwo(true, async (author, reader) => {
      await commitOf(author.store, other, [put(1, 1)])
      const strange = (await author.store.head(other.repo))?.commit ?? expect.fail()
      const tamper = listed((all) =>
        all.map((it) => (isRecord(it) ? it : { ...it, row: { record: strange } })),
      )
      const taken = takeSpace(reader.taker, repo, answererOf(author, tamper))
      await expectCode(taken, 'space.bad-answer', { peer: 'mallory' })
      await withLevel(async (storage) => {
        const strict = await createReplica(storage, { host: { mayWrite: async () => false } })
        await expectCode(takeSpace(strict.taker, repo, answererOf(author)), 'space.not-allowed', {
          peer: 'mallory',
        })
        expect(await storage.keys('space-repos')).toEqual([])
      })
    }))

  it('an author who signs two commits of one rev is found out, with both', () =>
    withLevel((a) =>
      withLevel(async (b) => {
        const [one, two] = [await createReplica(hasty(a)), await createReplica(hasty(b), { name: 'fork' })]
        const now = 1_800_000_000_000
        const fork = (replica: Replica, value: number) =>
          replica.store.commit(repo, { changes: [put(1, value)], signer: device, members: [], now })
        const commits = [await fork(one, 1), await fork(two, 2)]
        const error = await takeSpace(one.taker, repo, answererOf(two)).catch((it: SpaceError) => it)
        const { code, fields } = error as SpaceError
        expect(code).toBe('space.equivocation')
        expect(fields).toMatchObject({ peer: 'fork', repo })
        const shown = [fields['heldCommit'], fields['otherCommit']].map((it) => toHex(it as Uint8Array))
        expect(shown).toEqual(commits.map(toHex))
        expect(await contentOf(one.store, repo)).not.toEqual(await contentOf(two.store, repo))
      }),
    ))
})

/** Changes the pages of answers. */
const paged = (bend: (snapshot: Snapshot, index: number) => Snapshot): Tamper => ({
  answer: ({ snapshots, ...it }) => ({ ...it, ...(snapshots && { snapshots: snapshots.map(bend) }) }),
})

/** Changes what the manifest says, with a digest that holds. */
const told = (change: Partial<NonNullable<Snapshot['manifest']>>): Tamper =>
  paged((it) => {
    if (it.manifest === undefined) return it
    const { digest: _digest, version: _version, ...draft } = it.manifest
    const manifest = makeManifest({ ...draft, ...change }, sha256)
    return { ...it, manifest, isFirstPage: manifest.isFirstPage, isLastPage: manifest.isLastPage }
  })

/** A liar who makes whole chunks anew, with everything that is said of them. */
function remade(
  bend: (records: ReturnType<typeof readSpaceTable>) => ReturnType<typeof readSpaceTable>,
): Tamper {
  const made = new Map<string, Uint8Array>()
  let honest: ReturnType<typeof answererOf> | undefined
  return {
    async answer({ snapshots = [], ...it }) {
      const source = honest ?? (this as { from?: ReturnType<typeof answererOf> }).from
      honest = source
      const out: Snapshot[] = []
      for (const snapshot of snapshots) {
        const { manifest } = snapshot
        if (manifest === undefined || snapshot.table !== 'records') {
          out.push(snapshot)
          continue
        }
        const bytes = (await source?.chunk(manifest.chunks[0]?.id ?? '', { repo })) ?? new Uint8Array()
        const table = (await gzip.decompress(bytes, 1 << 20)) ?? new Uint8Array()
        const chunk = await gzip.compress(
          writeSpaceTable('records', bend(readSpaceTable('records', table, sha256))),
        )
        const id = toHex(sha256(chunk))
        made.set(id, chunk)
        const chunks = [chunkRef(id, chunk, sha256)]
        const { digest: _digest, version: _version, ...draft } = manifest
        out.push({ ...snapshot, chunks, manifest: makeManifest({ ...draft, chunks }, sha256) })
      }
      return { ...it, ...(out.length > 0 && { snapshots: out }) }
    },
    chunk: (bytes, id) => made.get(id) ?? bytes,
  }
}

describe('a page by a liar is refused, names the liar, and is no head', () => {
  const cases: readonly (readonly [string, Tamper, string, (string | undefined)?])[] = [
    [
      'with other bytes',
      { chunk: (it) => it && new Uint8Array([...it.subarray(0, -1), 0xff]) },
      'space.bad-answer',
      'pack.chunk',
    ],
    ['cut short', { chunk: (it) => it?.subarray(1) }, 'space.bad-answer', 'pack.chunk'],
    ['that never comes', { chunk: () => undefined }, 'space.chunk-gone'],
    [
      'whose manifest has another digest',
      paged((it) => ({ ...it, manifest: { ...(it.manifest ?? expect.fail()), digest: '0'.repeat(64) } })),
      'space.bad-answer',
      'pack.manifest',
    ],
    ['that ends before its rows do', told({ nextRowCursor: 'app.cairn.sealed/k000000' }), 'space.bad-answer'],
    [
      'that begins elsewhere',
      told({ rowCursor: 'app.cairn.sealed/k000009', isFirstPage: false }),
      'space.bad-answer',
    ],
    [
      'that is said to be the last',
      told({ nextRowCursor: null, isLastPage: true }),
      'space.bad-answer',
      'state-after',
    ],
    [
      'of another time',
      { answer: (it) => ({ ...it, bootstrapState: { ...it.bootstrapState, asOfCommitSeq: 5 } }) },
      'space.bad-answer',
      'state',
    ],
    ['of other scopes', told({ scopeDigest: '1'.repeat(64) }), 'space.bad-answer', 'scope'],
    [
      'of another table',
      paged((it) => ({
        ...it,
        table: 'notes',
        manifest: { ...(it.manifest ?? expect.fail()), table: 'notes' },
      })),
      'space.bad-answer',
      'table',
    ],
    ['without a commit', paged((it) => ({ ...it, rows: [] })), 'space.bad-answer', 'state'],
    [
      'with a commit that nobody signed',
      paged((it) => (it.rows.length > 0 ? { ...it, rows: [{ commitHex: 'a0' }] } : it)),
      'space.commit-malformed',
    ],
  ]

  it.each(cases.map(([name, tamper, code, reason]) => ({ name, tamper, code, reason })))('$name', (it) =>
    withTwo(false, async (author, reader) => {
      const { tamper, code, reason } = it
      const fields = { peer: 'mallory', repo, ...(reason === undefined ? {} : { reason }) }
      await expectCode(takeSpace(reader.taker, repo, answererOf(author, tamper)), code, fields)
      expect(await reader.store.head(repo)).toBeUndefined()
      expect((await takeSpace(reader.taker, repo, answererOf(author))).kind).toBe('moved')
      await reader.store.recheck(repo)
    }),
  )

  const lies: readonly (readonly [string, Parameters<typeof remade>[0]])[] = [
    ['a forged record', (all) => all.map((it) => ({ ...it, bytes: recordOf(1234) }))],
    ['a record less', (all) => all.slice(1)],
    ['a record more', (all) => [{ path: 'app.cairn.sealed/k', cid: '', bytes: recordOf(1) }, ...all]],
  ]
  it.each(lies)('that has %s, and a digest for all of it', (_, bend) =>
    withTwo(false, async (author, reader) => {
      const tamper: Tamper & { from?: ReturnType<typeof answererOf> } = remade(bend)
      tamper.from = answererOf(author)
      const liar = answererOf(author, tamper)
      const isBefore = bend([{ path: 'app.cairn.sealed/k000000', cid: '', bytes: recordOf(1) }])
      const code = isBefore.length === 2 ? /space\.(hash-mismatch|bad-answer)/ : /space\.hash-mismatch/
      const error = await takeSpace(reader.taker, repo, liar).catch((it: SpaceError) => it)
      expect((error as SpaceError).code).toMatch(code)
      expect((error as SpaceError).fields).toMatchObject({ peer: 'mallory', repo })
      expect(await reader.store.head(repo)).toBeUndefined()
      expect((await takeSpace(reader.taker, repo, answererOf(author))).kind).toBe('moved')
      await reader.store.recheck(repo)
    }),
  )

  it('that begins anew without end', () =>
    withTwo(false, async (author, reader) => {
      const liar = answererOf(author)
      const anew = {
        ...liar,
        pull: ({ bootstrapState: _, ...ask }: Parameters<typeof liar.pull>[0]) => liar.pull(ask),
      }
      await expectCode(takeSpace(reader.taker, repo, anew), 'space.restarts', { peer: 'mallory', repo })
      expect(await reader.store.take.get(repo)).toBeUndefined()
    }))
})
