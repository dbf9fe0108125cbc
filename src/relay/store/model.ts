import type { ByteStream } from '../../net/net.ts'
import type { Identity } from '../../pds/identity.ts'
import type { Fetch } from '../../pds/network.ts'
import type { Endpoints, Host } from '../../sync/host.ts'
import type { Work } from '../../sync/work.ts'
import type { Storage } from '../../storage/port.ts'
import type { RepoRow, SnapshotRow } from '../../storage/rows.ts'
import type { SegmentReader } from '../../storage/segment-reader.ts'
import type { Holder, SpacesInStore } from './room.ts'

/** Who may ask for a repo to be kept. The operator always may. */
export type Admission =
  | { readonly mode: 'open' }
  /** whoever says one of these */
  | { readonly mode: 'token'; readonly tokens: readonly string[] }
  /** these peers may ask for anything; anyone may ask for these DIDs */
  | { readonly mode: 'allow-list'; readonly peers: readonly string[]; readonly dids: readonly string[] }

export interface StoreLimits {
  /** everything that is kept, bytes: blocks, blobs and rows as stored; LevelDB's files may be a little more */
  readonly bytes: number
  /** what is kept for one peer, bytes; a repo counts in full for each peer that asked for it */
  readonly bytesPerPeer: number
  /** repos in all, whoever asked for them */
  readonly repos: number
  readonly reposPerPeer: number
  /** transfers at once; more wait */
  readonly atOnce: number
  /** transfers that may wait; more are refused */
  readonly waiting: number
}

/** Who asked: a peer by its id, proven by the handshake, or whoever runs this relay. */
export type Asker = { readonly peer: string; readonly token?: string | undefined } | 'operator'

export interface StoreOptions {
  /** folder of the LevelDB database; made when absent. One process owns it. */
  readonly dataDir: string
  readonly admission: Admission
  readonly limits: StoreLimits
  readonly endpoints: Endpoints
  /** refuses private addresses after resolution, unless configured otherwise */
  readonly fetch: Fetch
  /**
   * Pulls a repo from the peer that asked, into `host`, when its PDS gives none: through `takeIn`, with the
   * lock and the proof that any import has.
   */
  readonly pull?: (
    host: Host,
    from: { readonly did: string; readonly peer: string; readonly relays: readonly string[] },
    work: Work,
  ) => Promise<unknown>
  /** blobs are kept too; true unless told */
  readonly blobs?: boolean
  /** something of a repo changed: kept, a new head, or given up */
  readonly onChange?: (did: string) => void
  /** one line a fact, for the relay's log */
  readonly log?: (event: string, fields: Readonly<Record<string, unknown>>) => void
  /** parts of the host that tests replace */
  readonly host?: Partial<Pick<Host, 'timers' | 'clock' | 'random' | 'sha256' | 'lanes'>>
}

export interface StoredRepo {
  readonly did: string
  readonly handle: string | undefined
  readonly pds: string | undefined
  readonly rev: string | undefined
  readonly commit: string | undefined
  /** stored bytes: blocks, blobs and rows */
  readonly bytes: number
  readonly records: number
  /** peers that asked for it, and `operator` */
  readonly askers: readonly string[]
  /** when one of them asked last, ms */
  readonly askedAt: number
}

export interface StoreUsage {
  readonly bytes: number
  readonly limit: number
  readonly repos: number
  readonly peers: number
  /** transfers at work, and waiting */
  readonly active: number
  readonly waiting: number
}

export interface KeepInput {
  readonly by: Asker
  /** an identity that came with a file: counts where the network says nothing newer */
  readonly identity?: Identity | undefined
  /** relays through which the asking peer is reached */
  readonly relays?: readonly string[] | undefined
  /** rev that the asker holds */
  readonly rev?: string | undefined
}

/** Room beside the database, of which whoever holds it lets go when something kept needs it. */
export interface HeldRoom {
  /**
   * Throws when a file of this repo, of so many bytes, could not lie here and be taken in.
   *
   * @throws StoreError `store.not-kept`, `store.quota`, `store.full`
   */
  foresee(did: string, bytes: number): void
  /** False, and nothing is taken, when there is no room. */
  take(bytes: number): Promise<boolean>
  give(bytes: number): Promise<void>
}

/** What a peer may learn of one repo. */
export interface RepoState {
  readonly did: string
  readonly state: 'kept' | 'fetching' | 'failed' | 'none'
  readonly rev: string | undefined
  readonly commit: string | undefined
  /** stored bytes */
  readonly bytes: number | undefined
  /** why the last try failed */
  readonly error: string | undefined
}

/** The relay's always-on part: public repos that it was asked to keep, each proven before it is shown. */
export interface Store {
  /** Everything written through it counts, is bounded by the limits, and is proven; see `gate.ts`. */
  readonly storage: Storage
  /** for the handlers of protocols between peers, which serve and take in through it */
  readonly host: Host
  readonly endpoints: Endpoints
  /**
   * Keeps a repo, or brings a kept one up to date: by DID or handle from its PDS, else from the peer that
   * asked; or from a CAR file. Resolves when its records are durable and proven; blobs follow by themselves.
   *
   * @throws StoreError; PdsError, RepoError, SyncError, StorageError as `backUp` and `importFile` do
   */
  keep(what: string | { readonly file: Blob; readonly name: string }, input: KeepInput): Promise<StoredRepo>
  /** Gives a repo up for one who asked for it; when nobody else did, its bytes go at once. */
  drop(did: string, by: Asker): Promise<void>
  /** Brings a kept repo up to date from its PDS; nobody's asking is noted by it. For followers of a PDS. */
  refresh(did: string): Promise<void>
  /**
   * Takes in a CAR of a repo that is kept already, whoever brought it: it proves itself, and nobody's asking is
   * noted. False when its head is the one that is kept.
   *
   * @throws as `keep` for a file; `store.not-kept`
   */
  takeFile(did: string, file: Blob, name: string): Promise<boolean>
  /** A head was moved through `storage` and by none of the store's own transfers: what follows those follows. */
  took(did: string): void
  /** Counts what lies beside the database, and is to be taken in from there, against the cap. One holder a store. */
  holdRoom(holder: Holder): HeldRoom
  /** Spaces lie in the same database, through `storage`, and their bytes count. One keeper of spaces a store. */
  holdSpaces(by: SpacesInStore): void
  /** stored bytes of a repo, by its DID, or of a space, by its URI */
  usedBy(owner: string): number
  states(dids: readonly string[]): Promise<RepoState[]>
  list(): Promise<StoredRepo[]>
  /** The kept DID of a handle that was proven when it was last fetched. */
  didOf(handle: string): string | undefined
  /** Where each kept repo's PDS is, as far as it is known. */
  kept(): readonly { readonly did: string; readonly pds: string | undefined }[]
  /** The head of a kept repo, with its row; undefined when it is not kept. */
  head(did: string): Promise<{ readonly row: RepoRow; readonly head: SnapshotRow } | undefined>
  /** One reader a repo, shared: its windows serve all that look at it. */
  reader(did: string): SegmentReader
  /** Serves `/cairn/store/1.0.0`. */
  serve(stream: ByteStream): Promise<void>
  usage(): StoreUsage
  /** Resolves when no transfer is at work. */
  idle(): Promise<void>
  /** Stops transfers, which go on after the next start, and closes the database. */
  close(): Promise<void>
}
