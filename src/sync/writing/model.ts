/** A record in atproto JSON form: links as `{ $link }`, bytes as `{ $bytes }`. */
export type RecordValue = Readonly<Record<string, unknown>>

/**
 * - `held`: kept until the person sends it
 * - `waiting`: is sent as soon as that is possible
 * - `sending`: asked of the server; whether it was done is not known until the repo was read after that
 * - `sent`: the server says that it was done; the verified head does not hold it yet
 * - `conflict`: the record was changed by someone else meanwhile
 * - `refused`: the server will not have it
 */
export type DraftState = 'held' | 'waiting' | 'sending' | 'sent' | 'conflict' | 'refused'

/** A handle in the text of a post that nobody has looked up yet. */
export interface UnresolvedMention {
  readonly handle: string
  /** UTF-8 bytes in `text`, as facets count */
  readonly byteStart: number
  readonly byteEnd: number
}

/**
 * A change to one's own repo that its server has not signed, or whose signed form is not here yet. Table `drafts`,
 * key: DID/id. Ids sort in the order in which they are sent.
 *
 * A path has one row, or two: one on its way (`sending`, `sent`) and a later one whose `base` is the first one's `cid`.
 */
export interface DraftRow {
  readonly id: string
  readonly did: string
  /** `collection/rkey` */
  readonly path: string
  /** undefined: the record is to be deleted */
  readonly value: RecordValue | undefined
  /** of the record as it will be; undefined: it will not be there */
  readonly cid: string | undefined
  /** what the path held when this was written; undefined: nothing */
  readonly base: string | undefined
  readonly mentions: readonly UnresolvedMention[]
  readonly state: DraftState
  /** why it was refused */
  readonly reason: { readonly code: string; readonly fields: Readonly<Record<string, unknown>> } | undefined
  /** the commit that the server says it is in */
  readonly sent: { readonly rev: string; readonly commit: string } | undefined
  /** ms */
  readonly madeAt: number
  readonly changedAt: number
  /** changes with every write of this row */
  readonly generation: number
}

export const draftKey = (did: string, id: string): string => `${did}/${id}`

/** A file that a draft names, until it is a blob of the repo. */
export const draftBytesKey = (did: string, cid: string): string => `draft/${did}/${cid}`

/** No longer in the hands of the person who wrote it. */
export const isInFlight = ({ state }: Pick<DraftRow, 'state'>): boolean =>
  state === 'sending' || state === 'sent'
