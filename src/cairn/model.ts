import type { UpstreamStatus } from '../pds/status.ts'
import type { SpaceEvent } from './space-model.ts'

/** What Cairn's API speaks of. Plain data: every type here survives a structured clone. */

export type { UpstreamStatus }

export interface RepoSummary {
  readonly did: string
  /** verified both ways when last resolved; undefined when never resolved (file import offline) */
  readonly handle: string | undefined
  readonly displayName: string | undefined
  /** until the first backup has ended: the handle, what was typed, or the file's name */
  readonly label: string | undefined
  /** CID of the avatar blob, to be read with `library.blob` when kept */
  readonly avatar: string | undefined
  readonly records: number
  /** record bytes of the head */
  readonly recordBytes: number
  /** bytes kept on this device for this repo, snapshots and blobs included */
  readonly storedBytes: number
  readonly blobs: BlobCounts
  readonly snapshots: number
  /** undefined until the first backup has ended */
  readonly head: SnapshotSummary | undefined
  readonly upstream: {
    readonly status: UpstreamStatus
    readonly checkedAt: number | undefined
    readonly pds: string | undefined
  }
  readonly retention: Retention
  readonly addedAt: number
  /** the job now at work on it, if any */
  readonly job: Job | undefined
  /** an import that was cut off and can go on */
  readonly unfinished: { readonly since: number; readonly bytes: number } | undefined
}

export interface BlobCounts {
  readonly referenced: number
  readonly kept: number
  readonly keptBytes: number
  readonly missing: number
  readonly skipped: number
}

export type SignatureState =
  /** by the key in the identity document kept with the snapshot */
  | 'current-key'
  /** by an earlier key of the PLC log */
  | 'past-key'
  /** no key was at hand (a file opened offline); proven tree, unproven author */
  | 'unchecked'

export interface SnapshotSummary {
  readonly id: string
  readonly rev: string
  readonly commit: string
  readonly root: string
  readonly version: 2 | 3
  readonly records: number
  readonly recordBytes: number
  readonly collections: readonly CollectionSummary[]
  readonly signature: SignatureState
  /** did:key that the commit verified with */
  readonly signedBy: string | undefined
  /** device time, ms */
  readonly takenAt: number
  readonly verifiedAt: number
  readonly source: 'pds' | 'file' | 'peer'
}

export interface CollectionSummary {
  readonly nsid: string
  readonly records: number
  readonly bytes: number
}

/** How many snapshots a repo keeps: all, or the newest `count`. The head is always kept. */
export type Retention = { readonly keep: 'all' } | { readonly keep: 'last'; readonly count: number }

export type JobKind = 'backup' | 'file' | 'peer' | 'collection' | 'blobs' | 'verify' | 'index' | 'sweep'
export type JobState = 'queued' | 'running' | 'retrying' | 'done' | 'failed' | 'cancelled'
export type JobPhase =
  | 'resolving'
  | 'connecting'
  | 'receiving'
  | 'proving'
  | 'saving'
  | 'blobs'
  | 'checking'
  | 'waiting'

export interface Job {
  readonly id: string
  readonly kind: JobKind
  /** undefined until a handle is resolved or a file's commit is read */
  readonly did: string | undefined
  /** what the person typed or the file's name */
  readonly label: string
  readonly state: JobState
  readonly phase: JobPhase
  readonly startedAt: number
  readonly endedAt: number | undefined
  readonly bytes: number
  /** when the server or the file says; an earlier backup gives an estimate */
  readonly totalBytes: number | undefined
  readonly blocks: number
  readonly records: number
  /** estimate from the previous head */
  readonly totalRecords: number | undefined
  /** bytes a second over the last few seconds */
  readonly rate: number
  /** seconds */
  readonly timeLeft: number | undefined
  readonly attempt: number
  /** ms since epoch of the next try, while `retrying` */
  readonly nextTryAt: number | undefined
  readonly error: JobError | undefined
  readonly result:
    | {
        readonly did: string
        readonly changed: boolean
        readonly added: number
        readonly updated: number
        readonly deleted: number
      }
    | undefined
}

export interface JobError {
  readonly code: string
  readonly fields: Readonly<Record<string, unknown>>
  /** another try may help */
  readonly retriable: boolean
}

export interface StorageStatus {
  readonly usage: number
  readonly quota: number | undefined
  readonly persistent: boolean
  /** why not, when it is not: the browser refused, was not asked yet, or cannot say */
  readonly why: 'granted' | 'refused' | 'not-asked' | 'unsupported'
  readonly repos: readonly { readonly did: string; readonly bytes: number }[]
}

/** What is noted in the history. Each has a sentence of its own in the app. */
export type ActivityKind =
  | 'backup.done'
  | 'backup.failed'
  | 'file.done'
  | 'file.failed'
  | 'blobs.done'
  | 'blobs.failed'
  | 'verify.done'
  | 'verify.failed'
  | 'repo.deleted'
  | 'repo.equivocation'
  /** the newest backup did not survive on this disk, and the one before stands */
  | 'head.dropped'
  /**
   * A newer head, or a collection, came from someone else's copy: `peer`, `rung` (how), and what it brought.
   * `url`: web address of the peer, if it is a store; `resumed`: it went on with what was cut off; `tried`: what
   * did not do before, each with `code` and, where it applies, `rung` and `peer`.
   */
  | 'peer.pulled'
  | 'peer.failed'
  /** `peer`, `theirs`, `ours`, `by` (`us` or `them`), `before` (its state before, if it had one) */
  | 'agreement.offered'
  | 'agreement.accepted'
  | 'agreement.ended'
  /**
   * What a device or peer did in a group space counts for nothing: `code`, `space`, `title`, and `device`, its person's
   * `name`, or `peer`.
   */
  | 'space.ignored'
  /** a peer lied, or gave what is broken: `code`, `peer` */
  | 'space.fault'
  /** a peer or store offers less than members have seen: `peer`, `count`, `offered`, `seen` */
  | 'space.withheld'
  /** a device signed two commits with one rev: `device`, `name`, `rev`, `commits` */
  | 'space.forked'
  /** what was typed could not be stored; it is tried again */
  | 'space.failed'
  /**
   * What was written here is in the verified head: `count`, `path` when it is one, `replaced` (how many were changed
   * again by then).
   */
  | 'writing.done'
  /** the server will not have it: `code`, `path` */
  | 'writing.refused'
  /** changed elsewhere meanwhile: `path` */
  | 'writing.conflict'
  /** a recovery key stands before all others in the account's identity */
  | 'moving.key-added'
  /** `by` (`move` or `rescue`), `from` and `to` (hosts), `newHandle`; the same of the three below */
  | 'moving.begun'
  /** the identity was changed: `step` `claim`, to the recovery key alone; `identity`, to the new server */
  | 'moving.identity'
  /** `code`, `step` */
  | 'moving.failed'
  | 'moving.done'
  /** another copy of this profile was found, and this device goes on as a new one: `former`, `device` */
  | 'space.cloned'
  /** a device became one of this person's by a link that was shown here: `device`, `name` as it calls itself */
  | 'space.device-added'

export interface ActivityItem {
  readonly id: string
  readonly at: number
  readonly did: string | undefined
  /** an {@link ActivityKind}, or one that another version of Cairn has noted */
  readonly kind: string
  /** what was noted; and `peerName`, the name that the person has given to its `peer` by now */
  readonly fields: Readonly<Record<string, unknown>>
  readonly level: 'info' | 'good' | 'warning' | 'bad'
}

export interface Endpoints {
  /** PLC directory base URL */
  readonly plc: string
  /** DNS over HTTPS resolver (JSON API) for `_atproto.` TXT records; '' turns it off */
  readonly doh: string
  /** XRPC host that answers `com.atproto.identity.resolveHandle` when the other ways fail; '' turns it off */
  readonly resolver: string
  /** allow http: and private addresses, for a PDS on this machine or network */
  readonly allowLocal: boolean
}

export interface Settings {
  readonly endpoints: Endpoints
  readonly retention: Retention
  /** fetch blobs with each backup */
  readonly blobs: boolean
}

export type CairnEvent =
  /** a repo's row, head, blobs or snapshots changed */
  | { readonly type: 'repo'; readonly did: string }
  | { readonly type: 'repos' }
  | { readonly type: 'job'; readonly job: Job }
  | { readonly type: 'activity' }
  | { readonly type: 'settings' }
  | { readonly type: 'index'; readonly did: string; readonly progress: number }
  /** there is something to lose now: a page should ask the browser to keep it, then call `device.persistAsked` */
  | { readonly type: 'persist-wanted' }
  /** nothing more can be read or written; `upgraded`: a newer version of the app has taken the database over */
  | { readonly type: 'storage-lost'; readonly upgraded: boolean }
  /** relays, peers, transfers or the role of this tab changed */
  | { readonly type: 'network' }
  /** who keeps a repo, or what is known of it, changed */
  | { readonly type: 'copies'; readonly did: string }
  | { readonly type: 'agreements' }
  /** what is unsent of an account changed, or how it stands with sending it */
  | { readonly type: 'drafts'; readonly did: string }
  /** someone was signed in or out, or a session has ended */
  | { readonly type: 'accounts' }
  /** a move of this account, or what prepares one, changed */
  | { readonly type: 'moving'; readonly did: string }
  | SpaceEvent

export type ExportFormat = 'car' | 'zip' | 'jsonl'

export interface ExportFile {
  readonly name: string
  readonly type: string
  /** exact when known beforehand */
  readonly size: number | undefined
  readonly stream: ReadableStream<Uint8Array>
}
