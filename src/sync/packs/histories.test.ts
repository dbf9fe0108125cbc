import { createDigest } from '../../core/hash.ts'
import { describe, expect, it } from 'vitest'
import { GENESIS_ROOT } from '../../pack/chain.ts'
import { createPrng, type Prng } from '../../repo/testing/prng.ts'
import { signRepo, type TestRepo } from '../../repo/testing/repo.ts'
import { generateRepo } from '../../repo/testing/generate.ts'
import type { Storage } from '../../storage/port.ts'
import { createSegmentReader } from '../../storage/segment-reader.ts'
import { deleteSnapshotRow, sweepRepo } from '../../storage/sweep.ts'
import { contentOf, contentOfRepo, headOf, snapshotsOf } from '../../storage/testing/contents.ts'
import { sha256, withLevel } from '../../storage/testing/node-host.ts'
import { changesSince } from './changes-since.ts'
import { cursorOf } from './cursor.ts'
import { makeList } from './make-list.ts'
import { readList } from './read-list.ts'
import { anyCommit, hasty } from './testing/histories.ts'
import { overTheLine } from './testing/packs-kit.ts'
import { changesOf, plant } from './testing/plant.ts'

const HISTORIES = 2000

/** What the account was, by rev. */
type States = ReadonlyMap<string, TestRepo>

interface Tally {
  same: number
  behind: number
  lists: number
  trees: number
}

/** A copy of many repos, and what it does to each. */
interface Replica {
  readonly storage: Storage
}

/** Signing is not what is looked at here. */
const unsigned = (repo: TestRepo): TestRepo =>
  signRepo({ ...repo, key: { ...repo.key, sign: () => new Uint8Array(64) } })

const recordsOf = (repo: TestRepo | undefined): Map<string, Uint8Array> =>
  new Map(repo?.records.map((it) => [it.path, it.bytes]))

/** Polls the author: takes the head as it is now. */
async function poll({ storage }: Replica, repo: TestRepo, states: States): Promise<void> {
  const base = await headOf(storage, repo.did)
  if (base?.rev === repo.rev) return
  const before = recordsOf(states.get(base?.rev ?? ''))
  await plant(storage, repo.did, repo.commitBytes, changesOf(before, recordsOf(repo)))
}

async function letGo({ storage }: Replica, did: string, prng: Prng): Promise<void> {
  const head = await headOf(storage, did)
  for (const snapshot of await snapshotsOf(storage, did))
    if (snapshot.id !== head?.id && prng.chance(0.6)) await deleteSnapshotRow(storage, snapshot)
  if (prng.chance(0.1)) await sweepRepo(storage, did)
}

/** Brings `to` to the head of `from`, by the first way that there is. */
async function catchUp(from: Replica, to: Replica, did: string, states: States, tally: Tally): Promise<void> {
  const base = await headOf(to.storage, did)
  if (base?.rev === undefined) throw new Error('nothing kept')
  const held = { rev: base.rev, commit: base.commitCid }
  const reader = createSegmentReader(from.storage, did)
  const since = await changesSince(from.storage, did, held, reader)
  if (since.kind === 'same' || since.kind === 'behind') return void tally[since.kind]++
  if (since.kind === 'unlisted') {
    tally.trees++
    expect(since.reason).toBe('unknown-head')
    const change = changesOf(recordsOf(states.get(base.rev)), recordsOf(states.get(since.head.rev ?? '')))
    await plant(to.storage, did, since.head.commit, change)
    return
  }
  if (since.kind !== 'listed') throw new Error(since.kind)
  tally.lists++
  const made = await makeList({ reader, ...since, verifiedRoot: undefined, sha256 })
  const ask = { id: did, held, cursor: cursorOf(base.rev) ?? -1 }
  const hashes = { sha256, digest: createDigest(sha256) }
  const told = readList(overTheLine(made), { ask, root: GENESIS_ROOT, peer: 'peer', ...hashes })
  await told.proveChain()
  // Were anything missing or too much in the list, the signed root would not come out.
  await plant(to.storage, did, told.commit, told.changes)
}

describe('two copies of an account that polled heads of their own choice', () => {
  it(`catch up from each other in ${HISTORIES} histories, without ever starting anew`, async () => {
    const tally: Tally = { same: 0, behind: 0, lists: 0, trees: 0 }
    const seed = generateRepo({ seed: 'histories', records: 10 })
    await withLevel((first) =>
      withLevel(async (second) => {
        const a = { storage: hasty(first) }
        const b = { storage: hasty(second) }
        for (let n = 0; n < HISTORIES; n++) {
          const prng = createPrng(`history ${n}`)
          let repo = unsigned({ ...seed, did: `did:plc:${String(n).padStart(24, 'z')}`, seed: n })
          const states = new Map([[repo.rev, repo]])
          await poll(a, repo, states)
          await poll(b, repo, states)
          for (let commits = 1 + prng.int(5); commits > 0; commits--) {
            repo = anyCommit(repo, prng)
            states.set(repo.rev, repo)
            for (const replica of [a, b]) {
              if (prng.chance(0.5)) await poll(replica, repo, states)
              if (prng.chance(0.3)) await letGo(replica, repo.did, prng)
            }
            if (prng.chance(0.1)) await catchUp(a, b, repo.did, states, tally)
          }
          await catchUp(a, b, repo.did, states, tally)
          await catchUp(b, a, repo.did, states, tally)
          const newest = states.get((await headOf(a.storage, repo.did))?.rev ?? '')
          if (newest === undefined) throw new Error('a head that never was')
          for (const { storage } of [a, b]) {
            const head = await headOf(storage, repo.did)
            expect(head?.rev).toBe(newest.rev)
            if (n % 10 > 0 || head === undefined) continue
            expect(await contentOf(storage, head)).toEqual(contentOfRepo(newest))
          }
        }
      }),
    )
    console.info('how copies caught up', tally)
    expect(tally.lists).toBeGreaterThan(HISTORIES / 3)
    expect(tally.trees).toBeGreaterThan(HISTORIES / 20)
  }, 60_000)
})
