/** What is in an update of Yjs (v1), read: no library class, and nothing of a document is needed. */

/** One character or element: which client made it, and which it is of that client's. */
export interface StructId {
  readonly client: number
  readonly clock: number
}

/** Kinds of structs, as the low five bits of the info byte say. */
export const GC = 0
export const DELETED = 1
export const STRING = 4
export const FORMAT = 6
export const TYPE = 7
export const ANY = 8
export const SKIP = 10

/** Bits of the info byte. */
export const HAS_ORIGIN = 0x80
export const HAS_RIGHT = 0x40
export const HAS_SUB = 0x20

/** A run of characters, a mark, an element, an attribute, or what is left of them. */
export interface TextStruct {
  readonly clock: number
  readonly length: number
  readonly info: number
  /** what it was put after, and before */
  readonly origin: StructId | undefined
  readonly right: StructId | undefined
  /** only where neither is there; `root` is the note itself */
  readonly parent: 'root' | StructId | undefined
  /** name of the attribute, where that stands here */
  readonly sub: string | undefined
  /** characters in UTF-8; of other kinds the bytes as they stand in an update */
  readonly content: Uint8Array
}

/** Clocks from `from` up to, not with, `to`. */
export interface ClockRange {
  readonly from: number
  readonly to: number
}

/** Structs by client, ascending by clock, none over another; and what was deleted, of whomever. */
export interface TextUpdate {
  readonly structs: ReadonlyMap<number, readonly TextStruct[]>
  readonly deletes: ReadonlyMap<number, readonly ClockRange[]>
}

export const EMPTY_UPDATE: TextUpdate = { structs: new Map(), deletes: new Map() }

export const kindOf = (struct: TextStruct): number => struct.info & 0x1f
export const isEmpty = (update: TextUpdate): boolean => update.structs.size === 0 && update.deletes.size === 0
