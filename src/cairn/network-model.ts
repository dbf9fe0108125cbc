/** What the network part of Cairn's API speaks of. Plain data: every type survives a structured clone. */

import type { Publishing } from './published-model.ts'

export type * from './published-model.ts'

export type RelayState =
  /** not tried yet, or its description is being fetched */
  | 'connecting'
  /** connected, with a reservation: others reach this device through it */
  | 'connected'
  /** out of reach; tried again at `nextTryAt` */
  | 'unreachable'
  /** it answers, and says no: `error` has the reason */
  | 'refused'

export interface RelayStatus {
  /** the web address that it was added by */
  readonly url: string
  readonly state: RelayState
  readonly peer: string | undefined
  /** round trip, ms */
  readonly latency: number | undefined
  /** it has a store that keeps copies */
  readonly store: boolean
  /** the relay that served this page: known without being added, cannot be removed */
  readonly own: boolean
  readonly since: number | undefined
  readonly nextTryAt: number | undefined
  readonly error: { readonly code: string; readonly fields: Readonly<Record<string, unknown>> } | undefined
}

export interface PeerStatus {
  readonly peer: string
  /** what the person calls it; undefined: never named */
  readonly name: string | undefined
  readonly path: 'direct' | 'relayed'
  readonly address: string
  readonly kind: 'device' | 'store'
  /** DIDs of repos that both sides keep */
  readonly shared: readonly string[]
  readonly since: number
  /** bytes in each direction since the connection was made */
  readonly received: number
  readonly sent: number
  /** why it is not direct, when it was tried: a code for a sentence */
  readonly whyRelayed: string | undefined
}

/** Bytes on their way between this device and a peer. Pulls have a job too; what is given away has none. */
export interface TransferStatus {
  readonly id: string
  readonly did: string
  /** undefined while it is not known whom it comes from */
  readonly peer: string | undefined
  readonly direction: 'in' | 'out'
  readonly what: 'repo' | 'changes' | 'blobs'
  readonly bytes: number
  readonly totalBytes: number | undefined
  /** bytes a second over the last few seconds */
  readonly rate: number
  readonly timeLeft: number | undefined
}

/** A server of accounts that are kept here. What is written there is here within seconds while it is `live`. */
export interface LiveServer {
  /** its origin */
  readonly service: string
  /** how many of the repos that are kept live there */
  readonly repos: number
  /**
   * `live`: it is listened to; `waiting`: it is not there, and tried again at `nextTryAt`; `busy`: it says more than
   * this device listens to, until `nextTryAt`. Of what is not live the repos are asked for now and then.
   */
  readonly state: 'live' | 'connecting' | 'waiting' | 'busy'
  readonly nextTryAt: number | undefined
  /** when it last said something, ms */
  readonly heardAt: number | undefined
}

export interface NetworkStatus {
  /** off: a person turned it off; follower: another tab leads and this one shows what it says */
  readonly role: 'leader' | 'follower' | 'off'
  /** our own peer id */
  readonly self: string | undefined
  readonly relays: readonly RelayStatus[]
  readonly peers: readonly PeerStatus[]
  readonly transfers: readonly TransferStatus[]
  /** direct connections can be made at all, and are wanted */
  readonly direct: 'yes' | 'relay-only' | 'unsupported'
  /** servers of the accounts that are kept, while they are followed */
  readonly live: readonly LiveServer[]
  /** the browser runs sync when no page is open */
  readonly background: 'sync' | 'periodic' | 'none'
}

/**
 * Someone's copy of a repo: one stone of the cairn. A device that is known as several peers (its page, its service
 * worker) has one.
 */
export interface Copy {
  readonly did: string
  /** our own peer id for the copy on this device; of several peers of a device the one to ask */
  readonly peer: string
  readonly name: string | undefined
  readonly kind: 'self' | 'device' | 'store'
  /** the head that it says it holds; undefined until it answered */
  readonly rev: string | undefined
  /** against the newest proven head that this device knows */
  readonly state: 'current' | 'behind' | 'ahead' | 'unknown' | 'partial'
  /** last time it answered at all, ms */
  readonly answeredAt: number | undefined
  /** the last challenge: it proved then that it holds the blocks, or failed to */
  readonly challenge:
    | { readonly at: number; readonly ok: true; readonly ms: number }
    | {
        readonly at: number
        readonly ok: false
        readonly code: string
        /** `reason` and the like, for the words */
        readonly fields?: Readonly<Record<string, unknown>>
      }
    | undefined
  readonly online: boolean
}

export type AgreementState =
  /** we offered, they have not answered */
  | 'offered'
  /** they offered, we have not answered */
  | 'incoming'
  /** two matching offers */
  | 'active'
  | 'ended'

/** Two people keep a copy for each other. The fields are those of an `org.p2pds.replication.offer` record. */
export interface Agreement {
  readonly id: string
  readonly peer: string
  readonly name: string | undefined
  /** the repo that we keep for them */
  readonly theirs: string | undefined
  /** the repo that they keep for us */
  readonly ours: string | undefined
  readonly state: AgreementState
  readonly minCopies: number
  readonly intervalSec: number
  /** 0 to 100 */
  readonly priority: number
  readonly createdAt: number
  readonly endedBy: 'us' | 'them' | undefined
  /** something about it has not reached the other side yet */
  readonly waiting: boolean
  /** why the other side did not take it; it is asked again */
  readonly refused: string | undefined
  /** what the other side said when it was asked to delete its copy */
  readonly purged: 'purged' | 'kept' | 'nothing' | undefined
}

/** A link that says whose copy to keep and where to find it: `{app}/#/keep/{did}?relay=…&peer=…`. */
export interface KeepLink {
  readonly did: string
  readonly relays: readonly string[]
  readonly peers: readonly string[]
  readonly url: string
}

/** Answers with the address a packet came from, and nothing else; no account, long in service. */
export const DEFAULT_STUN = 'stun:stun.cloudflare.com:3478'

export interface NetworkSettings {
  /** off: nothing connects anywhere but to what a person asks for */
  readonly enabled: boolean
  /** hides this device's addresses from peers: everything goes through relays */
  readonly relayOnly: boolean
  /** STUN servers for direct connections, `stun:host:port` */
  readonly stun: readonly string[]
  /** web addresses of relays besides the one that served the page */
  readonly relays: readonly string[]
  /** listens to the servers of the accounts that are kept; else they are asked when a person wants it */
  readonly live: boolean
}

/** The network as screens use it. */
export interface Network extends Publishing {
  status(): Promise<NetworkStatus>
  settings(): Promise<NetworkSettings>
  setSettings(change: Partial<NetworkSettings>): Promise<NetworkSettings>
  /**
   * Brings everything up to date: asks stores, peers and the accounts' own servers for what is newer, hands
   * over what waits, and resolves when all of it has ended. What fails is tried again later by itself.
   */
  catchUp(): Promise<void>
  /** Fetches the relay's description and connects. Errors: `net.relay-invalid`, `net.unreachable` */
  addRelay(url: string): Promise<RelayStatus>
  removeRelay(url: string): Promise<void>
  /** A name for a peer and the device it belongs to, for this person only; '' forgets it. */
  namePeer(peer: string, name: string): Promise<void>

  /** Who keeps a repo, as far as this device knows; asks the directory and the peers anew when `fresh`. */
  copies(did: string, options?: { readonly fresh?: boolean }): Promise<readonly Copy[]>
  /** Asks a copy to prove that it holds the blocks now: the peer of its device that can be reached. */
  challenge(did: string, peer: string): Promise<Copy>
  /** Whether our copy is announced to others. */
  listed(did: string): Promise<boolean>
  setListed(did: string, listed: boolean): Promise<void>

  /** A link for a friend to keep a copy of this repo. */
  keepLink(did: string): Promise<KeepLink>
  /** Reads such a link, a DID or a handle; adds what it names and starts keeping. Returns the job's id. */
  keep(input: string): Promise<{ readonly job: string; readonly did: string | undefined }>
  /** Asks the store of a relay to keep a repo; `token` where it admits nobody without one. */
  keepAtStore(did: string, relay: string, token?: string): Promise<void>
  /**
   * Keeps one collection of a repo from whoever has it, and keeps it up to date: a partial copy, which is no
   * backup. `input` is a DID, a handle, or a link as `keep` takes it, whose relays are added. Nothing is to do
   * where the whole repo is kept. Returns the job's id and whose repo it is. A try that broke off goes on where
   * it was when this is called again. Errors: `sync.bad-collection`; those of resolving a handle
   */
  keepCollection(input: string, collection: string): Promise<{ readonly job: string; readonly did: string }>

  agreements(): Promise<readonly Agreement[]>
  offer(input: { readonly peer: string; readonly theirs?: string; readonly ours: string }): Promise<Agreement>
  accept(id: string): Promise<Agreement>
  /** Ends it on both sides; `purge` asks the other side to delete its copy, and deletes ours of theirs. */
  endAgreement(id: string, purge: boolean): Promise<void>
}
