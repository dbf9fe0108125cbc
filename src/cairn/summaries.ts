import { cidString, CODEC_DAG_CBOR } from '../core/cid.ts'
import { toJson } from '../repo/json.ts'
import { find } from '../repo/mst/read.ts'
import type { BlobRow } from '../sync/blobs.ts'
import { snapshotsOf } from '../sync/kept.ts'
import type { Storage } from '../storage/port.ts'
import {
  type ImportRow,
  type RepoRow,
  repoRange,
  type SegmentRow,
  type SnapshotRow,
} from '../storage/rows.ts'
import { createSegmentReader } from '../storage/segment-reader.ts'
import type { BlobCounts, Job, RepoSummary, SnapshotSummary, UpstreamStatus } from './api.ts'

/** A snapshot as screens see it. */
export function summaryOf(row: SnapshotRow): SnapshotSummary {
  return {
    id: row.id,
    rev: row.rev ?? '',
    commit: row.commitCid,
    root: cidString(CODEC_DAG_CBOR, row.data),
    version: row.version,
    records: row.root.records,
    recordBytes: row.root.bytes,
    collections: row.collections,
    signature: row.signature,
    signedBy: row.signedBy,
    takenAt: row.takenAt,
    verifiedAt: row.verifiedAt,
    source: row.source,
  }
}

interface Profile {
  readonly displayName: string | undefined
  readonly avatar: string | undefined
}

/** Sums that cost a listing, kept until something of the repo changes. */
export interface Summaries {
  repo(did: string, job: Job | undefined): Promise<RepoSummary | undefined>
  all(jobOf: (did: string) => Job | undefined): Promise<RepoSummary[]>
  storedBytes(did: string): Promise<number>
  forget(did: string): void
}

export function createSummaries(storage: Storage): Summaries {
  const profiles = new Map<string, Profile>()
  const sums = new Map<string, { stored: number; blobs: BlobCounts }>()

  const sumsOf = async (did: string): Promise<{ stored: number; blobs: BlobCounts }> => {
    const known = sums.get(did)
    if (known !== undefined) return known
    const segments = await storage.list('segments', repoRange(did))
    const blobs = countBlobs(
      (await storage.list('blobs', repoRange(did))).map(({ value }) => value as BlobRow),
    )
    const stored = segments.reduce((sum, { value }) => sum + (value as SegmentRow).size, 0) + blobs.keptBytes
    const fresh = { stored, blobs }
    sums.set(did, fresh)
    return fresh
  }

  const profileOf = async (snapshot: SnapshotRow | undefined): Promise<Profile> => {
    const nobody = { displayName: undefined, avatar: undefined }
    if (snapshot === undefined) return nobody
    const known = profiles.get(snapshot.commitCid)
    if (known !== undefined) return known
    try {
      const profile = (await readProfile(storage, snapshot)) ?? nobody
      profiles.set(snapshot.commitCid, profile)
      return profile
    } catch {
      // A profile that cannot be read must not hide the repo it belongs to.
      return nobody
    }
  }

  const repo = async (row: RepoRow, job: Job | undefined): Promise<RepoSummary> => {
    const snapshots = await snapshotsOf(storage, row.did)
    const head = snapshots.find((it) => it.id === row.head)
    const [profile, sum, unfinished] = await Promise.all([
      profileOf(head),
      sumsOf(row.did),
      unfinishedOf(storage, row.did),
    ])
    return {
      did: row.did,
      handle: row.handle,
      label: undefined,
      displayName: profile.displayName,
      avatar: profile.avatar,
      records: head?.root.records ?? 0,
      recordBytes: head?.root.bytes ?? 0,
      storedBytes: sum.stored,
      blobs: sum.blobs,
      snapshots: snapshots.length,
      head: head === undefined ? undefined : summaryOf(head),
      // Written by the engine from the same list of words.
      upstream: { status: row.upstream as UpstreamStatus, checkedAt: row.upstreamCheckedAt, pds: row.pds },
      retention: row.keepLast === undefined ? { keep: 'all' } : { keep: 'last', count: row.keepLast },
      addedAt: row.addedAt,
      job,
      unfinished: job === undefined ? unfinished : undefined,
    }
  }

  return {
    async repo(did, job) {
      const row = (await storage.get('repos', did)) as RepoRow | undefined
      if (row !== undefined) return repo(row, job)
      const begun = (await storage.get('imports', did)) as ImportRow | undefined
      return begun === undefined ? undefined : firstBackup(storage, begun, job)
    },
    async all(jobOf) {
      const rows = (await storage.list('repos')).map(({ value }) => value as RepoRow)
      const kept = new Set(rows.map((row) => row.did))
      const begun = (await storage.list('imports'))
        .map(({ value }) => value as ImportRow)
        .filter((it) => !kept.has(it.did))
      return Promise.all([
        ...rows.map((row) => repo(row, jobOf(row.did))),
        ...begun.map((row) => firstBackup(storage, row, jobOf(row.did))),
      ])
    },
    storedBytes: async (did) => (await sumsOf(did)).stored,
    forget(did) {
      sums.delete(did)
    },
  }
}

/** A repo whose first backup has not ended: nothing of it can be read yet, but it is there. */
async function firstBackup(storage: Storage, row: ImportRow, job: Job | undefined): Promise<RepoSummary> {
  const unfinished = await unfinishedOf(storage, row.did)
  return {
    did: row.did,
    handle: undefined,
    label: row.label,
    displayName: undefined,
    avatar: undefined,
    records: 0,
    recordBytes: 0,
    storedBytes: unfinished?.bytes ?? 0,
    blobs: countBlobs([]),
    snapshots: 0,
    head: undefined,
    upstream: { status: 'unknown', checkedAt: undefined, pds: undefined },
    retention: { keep: 'all' },
    addedAt: row.startedAt,
    job,
    unfinished: job === undefined ? unfinished : undefined,
  }
}

async function unfinishedOf(
  storage: Storage,
  did: string,
): Promise<{ since: number; bytes: number } | undefined> {
  const row = (await storage.get('imports', did)) as ImportRow | undefined
  if (row === undefined) return undefined
  const segments = (await storage.list('segments', repoRange(did))).map(({ value }) => value as SegmentRow)
  const bytes = segments.filter((it) => it.import === row.id).reduce((sum, it) => sum + it.size, 0)
  return { since: row.startedAt, bytes }
}

async function readProfile(storage: Storage, snapshot: SnapshotRow): Promise<Profile | undefined> {
  const reader = createSegmentReader(storage, snapshot.did)
  const { entry } = await find(reader, snapshot.root, 'app.bsky.actor.profile/self')
  if (entry === undefined) return undefined
  const [bytes] = await reader.records([entry.place])
  const value = bytes === undefined ? undefined : toJson(bytes)
  if (typeof value !== 'object' || value === null) return undefined
  const { displayName, avatar } = value as {
    displayName?: unknown
    avatar?: { ref?: { $link?: unknown } } | null
  }
  const link = avatar?.ref?.$link
  return {
    displayName: typeof displayName === 'string' && displayName.trim() !== '' ? displayName : undefined,
    avatar: typeof link === 'string' ? link : undefined,
  }
}

export function countBlobs(rows: readonly BlobRow[]): BlobCounts {
  const counts = { referenced: rows.length, kept: 0, keptBytes: 0, missing: 0, skipped: 0 }
  for (const row of rows) {
    if (row.state === 'kept') {
      counts.kept++
      counts.keptBytes += row.bytes ?? 0
    } else if (row.state === 'skipped') counts.skipped++
    else if (row.state === 'missing' || row.state === 'failed') counts.missing++
  }
  return counts
}
