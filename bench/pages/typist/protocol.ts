/**
 * One of two who have a note open: what the Node side may ask of its page, whatever system the page runs. Times are ms
 * since 1970 of this machine's one clock, fractions included.
 */
export interface Typist {
  /** Opens the note; resolves when it can be typed into. */
  start(input: StartTypist): Promise<void>
  /** What the other needs to come: a join link, or nothing. */
  invite(): Promise<string>
  /** Whether the other is known to be here. */
  isTogether(): Promise<boolean>
  /** Types so many characters with so many ms between two, at least; when each was typed. */
  type(input: Typing): Promise<readonly number[]>
  /** When the text was first on the screen with so many characters, for each number up to this. */
  seen(count: number): Promise<readonly number[]>
}

export type TypistSystem = 'cairn' | 'yjs'

export interface StartTypist {
  /** web address of the server in the middle */
  readonly server: string
  /** by which this one comes; empty for the first */
  readonly invitation: string
}

export interface Typing {
  readonly count: number
  readonly pause: number
}

declare global {
  // `var`, because only that declares a property of globalThis
  var typist: Typist
}
