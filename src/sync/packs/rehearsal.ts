import { encodePack } from '../../pack/pack-writer.ts'
import { parseCommit } from '../../repo/commit.ts'
import { editTree, type TreeOp } from '../../repo/mst/edit.ts'
import { verifySignature } from '../../repo/signature.ts'
import type { ToldChange } from '../../storage/import-session.ts'
import {
  MADE_UP_DID,
  MADE_UP_KEY,
  MADE_UP_NOW,
  madeUpCommit,
  madeUpRecord,
  madeUpRepo,
  NO_PLACE,
} from '../../storage/made-up.ts'
import { nextTask } from '../../storage/next-task.ts'
import { createScratch } from '../../storage/scratch.ts'
import { createSegmentReader } from '../../storage/segment-reader.ts'
import { SyncError } from '../errors.ts'
import type { Host } from '../host.ts'
import { type OpenRepo, openRepo } from '../kept.ts'
import { takeIn } from '../take-in.ts'
import type { Work } from '../work.ts'
import { askOf } from './ask.ts'
import { listOf } from './make-list.ts'
import { readAnswer } from './read-answer.ts'
import { takeList } from './take-list.ts'

/** Records of the made-up repo before the first list. */
const KEPT = 64
/** Lists that are taken in, and changes of each: more is compiled better, and takes longer. */
const TIMES = 4
const CHANGES = 64
/** One of so many changes is of a record that is there: by turns it is gone, or another. */
const OLD_EACH = 8
const PEER = 'rehearsal'

/**
 * Takes made-up lists of changes into a made-up repo, in a storage of its own: what takes in a real one is compiled
 * then, which is most of the time that a thread which has just started needs for it. Gives others their turn every few
 * milliseconds.
 *
 * @param isOver there is real work: ends with this turn
 * @returns whether it went to its end
 */
export async function rehearseLists(
  hashes: Pick<Host, 'sha256' | 'lanes'>,
  isOver: () => boolean,
): Promise<boolean> {
  const check = (): void => {
    if (isOver()) throw new SyncError('sync.cancelled')
  }
  let ids = 0
  const host: Host = {
    sha256: hashes.sha256,
    ...(hashes.lanes === undefined ? {} : { lanes: hashes.lanes }),
    storage: createScratch(check),
    fetch: () => Promise.reject(new RangeError('nobody is asked')),
    timers: { after: () => () => {} },
    clock: { now: () => MADE_UP_NOW },
    random: () => ids++,
  }
  const work: Work = {
    signal: new AbortController().signal,
    report() {},
    onWait() {},
    check,
    exclusively: (_did, run) => run(),
  }
  try {
    check()
    const car = await madeUpRepo(KEPT, hashes.sha256)
    const base = { did: MADE_UP_DID, source: 'file', label: '', work } as const
    await takeIn(host, undefined, { ...base, feed: (session) => session.write(car) })
    for (let time = 0; time < TIMES; time++) await takeOne(host, work, time)
    return true
  } catch (error) {
    if (isOver()) return false
    throw error
  }
}

async function takeOne(host: Host, work: Work, time: number): Promise<void> {
  const repo = await openRepo(host.storage, MADE_UP_DID)
  if (repo?.head === undefined) throw new RangeError('it was taken in before')
  const ask = askOf(MADE_UP_DID, repo)
  const list = await madeUpList(host, repo.head, repo.row, time)
  await nextTask()
  work.check()
  const { pulled } = readAnswer(list, { peer: PEER, pull: [ask], push: [] })
  const subscription = pulled.get(MADE_UP_DID)
  if (subscription === undefined) throw new RangeError('it was answered')
  await takeList(host, undefined, { ask, repo, subscription, peer: PEER, work, label: '' })
}

/** What a peer would answer. */
async function madeUpList(
  { storage, sha256 }: Host,
  head: NonNullable<OpenRepo['head']>,
  { chain }: OpenRepo['row'],
  time: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const first = KEPT + time * CHANGES
  const changes = Array.from({ length: CHANGES }, (_, i): ToldChange => {
    const made = madeUpRecord(first + i, sha256)
    if (i % OLD_EACH !== 0) return made
    const { path } = madeUpRecord((time * CHANGES + i) / OLD_EACH, sha256)
    return { path, record: i % (2 * OLD_EACH) === 0 ? undefined : made.record }
  }).sort((a, b) => (a.path < b.path ? -1 : 1))
  const ops = changes.map(({ path, record }): TreeOp => {
    if (record === undefined) return { key: path, record }
    return { key: path, record: { digest: sha256(record), place: NO_PLACE } }
  })
  await nextTask()
  const { digest } = await editTree({
    source: createSegmentReader(storage, MADE_UP_DID),
    base: { root: head.root, digest: head.data },
    sink: { node: () => NO_PLACE },
    ...{ ops, sha256 },
  })
  const { rev, bytes: commit } = madeUpCommit(time + 1, digest)
  const { sig, unsigned } = parseCommit(commit)
  await nextTask()
  // A real one is checked where it is taken in. Once is enough: it is a loop of thousands of steps.
  if (time === 0) await verifySignature(MADE_UP_KEY, sig, unsigned)
  const subscription = listOf({
    ...{ head: { did: MADE_UP_DID, rev, commit }, changes, sha256 },
    verifiedRoot: chain?.root,
  })
  return encodePack({ ok: true, pull: { ok: true, subscriptions: [subscription] } }, { groupThreshold: 1 })
}
