/**
 * One of many who keep the same data in step: what the Node side may ask of its page, whatever system the page runs.
 * Times are ms since 1970 of this machine's one clock, fractions included.
 */
export interface Member {
  /** Joins, and has the base; resolves when it is stored. */
  start(input: StartMember): Promise<void>
  /** Others that it has a link to. */
  links(): Promise<number>
  /** Makes the edit of this number known to this member, and resolves when it is stored here. */
  edit(number: number): Promise<Edited>
  /** Resolves when the edit of this number was stored here, and drawn. */
  seen(number: number): Promise<Seen>
  /** How long one strict transaction of so many bytes takes here, ms. */
  floor(bytes: number): Promise<number>
  /** Of ours: sends a message to all others, and gives when; each writes so many bytes when it has it. See `bare.ts`. */
  bare(input: { readonly number: number; readonly bytes: number }): Promise<number>
  /** Of ours: resolves with when that was on the disk here. */
  bareSeen(number: number): Promise<number>
}

const ofOurs = (): Promise<never> => Promise.reject(new Error('a rival has no engine in a worker'))
/** What members of other systems answer to that. */
export const noBare: Pick<Member, 'bare' | 'bareSeen'> = { bare: ofOurs, bareSeen: ofOurs }

export type System = 'cairn' | 'yjs' | 'automerge'

export interface StartMember {
  /** which of them it is; 0 is the one that edits */
  readonly index: number
  /** web address of the server in the middle */
  readonly server: string
  /** of ours: whose repo, where that account's server and directory are, and whether it goes by the relay alone */
  readonly did: string
  readonly pds: string
  readonly relayOnly: boolean
  /** of rivals: where the base is, a JSON object of paths to the text of records; and what the document is called */
  readonly base: string
  readonly document: string
  /** of rivals: their transactions wait for the disk, as ours do of themselves */
  readonly strict: boolean
}

export interface Edited {
  /** what the clock of a propagation starts with */
  readonly at: number
  /** when the edit was handed over, before anything was done with it */
  readonly handedAt: number
}

export interface Seen {
  readonly durable: number
  readonly visible: number
  /** of the transaction that made it durable; 0 where nobody counts */
  readonly bytes: number
}

/** What the text of an edited post says, for everyone. */
export const textOf = (number: number): string => `Edit ${number}.`

declare global {
  // `var`, because only that declares a property of globalThis
  var member: Member
}
