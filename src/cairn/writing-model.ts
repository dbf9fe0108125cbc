/** What Cairn's API says of records that are written here and signed elsewhere. Plain data, as in `model.ts`. */

/**
 * - `held`: kept until it is told to go
 * - `waiting`: goes as soon as that is possible
 * - `blocked`: goes after another one, which is stuck (`waitsFor`)
 * - `sending`: the server was asked; whether it did it is not known before the repo was read again
 * - `sent`: the server says that it did it; the signed repo is not here yet
 * - `conflict`: the record was changed meanwhile, elsewhere (`theirs`)
 * - `refused`: the server will not have it (`reason`)
 */
export type DraftStatus = 'held' | 'waiting' | 'blocked' | 'sending' | 'sent' | 'conflict' | 'refused'

/** A change to a record of one's own repo that is not signed yet. */
export interface Draft {
  readonly id: string
  readonly did: string
  readonly path: string
  readonly collection: string
  readonly rkey: string
  readonly uri: string
  readonly action: 'create' | 'update' | 'delete'
  /** atproto JSON; undefined: the record is to be deleted */
  readonly value: unknown
  /** CID that the record will have */
  readonly cid: string | undefined
  readonly status: DraftStatus
  readonly reason: { readonly code: string; readonly fields: Readonly<Record<string, unknown>> } | undefined
  /** in conflict: what the verified head holds; `cid` undefined: it was deleted */
  readonly theirs: { readonly cid: string | undefined; readonly value: unknown } | undefined
  /** blocked: path of the one before it */
  readonly waitsFor: string | undefined
  /** handles in its text that nobody has looked up yet */
  readonly mentions: readonly Mention[]
  /** ms */
  readonly madeAt: number
  readonly changedAt: number
}

/** A handle in a text, from `byteStart` to `byteEnd` of its UTF-8 bytes. */
export interface Mention {
  readonly handle: string
  readonly byteStart: number
  readonly byteEnd: number
}

/** Everything unsent of one account, in the order in which it goes. */
export interface DraftQueue {
  readonly drafts: readonly Draft[]
  /** it is being sent right now, by this tab */
  readonly sending: boolean
  /** why nothing goes at the moment */
  readonly trouble: { readonly code: string; readonly fields: Readonly<Record<string, unknown>> } | undefined
  /** ms since epoch of the next try by itself; undefined: when something changes */
  readonly nextTryAt: number | undefined
}

export interface SaveDraft {
  readonly did: string
  readonly collection: string
  /** undefined: a new record under a key that is made here */
  readonly rkey?: string
  /** atproto JSON; undefined: delete the record */
  readonly value: unknown
  /** CID of the version that was edited, when that is not the newest */
  readonly base?: string
  readonly mentions?: readonly Mention[]
  /** files that the record names by their CIDs */
  readonly files?: readonly Blob[]
  /** keep it, and send it only when told */
  readonly hold?: boolean
}

/** What a text has to point at, as `app.bsky.richtext.facet` says it. */
export interface RichText {
  /** links and tags; mentions whose DIDs are known */
  readonly facets: readonly unknown[]
  /** to be looked up before it is sent */
  readonly mentions: readonly Mention[]
}

/** What a lexicon says of a record. */
export interface RecordCheck {
  /** `unknown`: no lexicon for this collection is at hand, so nothing was checked but the form */
  readonly verdict: 'sound' | 'unsound' | 'unknown'
  /** in the words of the checker: names the field and what is wrong with it */
  readonly problem: string | undefined
  /** as it will be sent, bytes */
  readonly bytes: number
}

/** Writing to one's own repos, with or without a network. Only the account's server signs; until then these are drafts. */
export interface Writing {
  queue(did: string): Promise<DraftQueue>
  /** how many are unsent, by account */
  counts(): Promise<readonly { readonly did: string; readonly drafts: number; readonly stuck: number }[]>
  /** the newest draft of a record */
  draft(did: string, path: string): Promise<Draft | undefined>
  /**
   * Keeps what a record is to be, on this device, and sends it as soon as it can. Resolves when it is on disk;
   * undefined when there is nothing to be sent.
   *
   * Errors: `writing.*`, `repo.json-invalid`, `sync.not-kept`
   */
  save(draft: SaveDraft): Promise<Draft | undefined>
  /** Errors: `writing.in-flight`, `writing.no-such-draft` */
  discard(did: string, id: string): Promise<void>
  /** What was held or refused, or is in conflict: sends it as it is, over whatever is there. */
  insist(did: string, id: string): Promise<void>
  /**
   * Sends what waits, now, and resolves when that has ended.
   *
   * Errors: `account.*`, `pds.*`, `sync.*`, `writing.moving`
   */
  send(did: string): Promise<void>
  /** Links, mentions and tags of a text. Errors: `writing.no-lexicon` */
  richText(text: string): Promise<RichText>
  /** Holds a record against its lexicon. Errors: `writing.*`, `repo.json-invalid` */
  check(collection: string, rkey: string, value: unknown): Promise<RecordCheck>
}
