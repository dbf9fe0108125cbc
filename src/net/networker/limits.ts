/** Bounds on what a networker holds, and how long it waits. Times in ms, sizes in bytes. */
export interface NetworkerLimits {
  /** peers linked at once */
  readonly links: number
  /** streams in their handshake at once that others opened */
  readonly arriving: number
  /** streams being opened at once */
  readonly dials: number
  /** peers remembered besides those that are linked */
  readonly known: number
  /** topics configured here, and topics that one peer may tell of */
  readonly topics: number
  /** peers asked for in one lookup */
  readonly found: number
  readonly bans: number
  readonly extensions: number
  /** one extension message, encoded */
  readonly messageBytes: number
  /** what may wait for a peer that reads slowly; over it the peer is dropped */
  readonly queueBytes: number
  readonly lookupMs: number
  readonly dialMs: number
  readonly handshakeMs: number
  /** a peer that is just announced will look us up itself: it is given this long to come first */
  readonly courtesyMs: number
  /** one write that makes no way */
  readonly stallMs: number
  /** nothing came for so long: the peer is gone. A sign of life is sent three times as often */
  readonly silentMs: number
  /** a peer that shares no topic may stay so long */
  readonly strangerMs: number
  /** how long a close waits for the other side, and for the directory */
  readonly goodbyeMs: number
  /** topics are looked up again this often, besides being watched */
  readonly refreshMs: number
  /** first and longest pause after a failure; doubled from one to the next */
  readonly firstBackOffMs: number
  readonly maxBackOffMs: number
  /** a link that lasted so long wipes out the failures before it */
  readonly stableMs: number
  /** for a peer that breaks the protocol */
  readonly banMs: number
}

export const defaultLimits: NetworkerLimits = {
  links: 64,
  arriving: 32,
  dials: 8,
  known: 1000,
  topics: 4096,
  found: 50,
  bans: 1000,
  extensions: 64,
  messageBytes: 64 * 1024,
  queueBytes: 1024 * 1024,
  lookupMs: 10_000,
  dialMs: 20_000,
  handshakeMs: 15_000,
  courtesyMs: 300,
  stallMs: 30_000,
  silentMs: 90_000,
  strangerMs: 30_000,
  goodbyeMs: 3000,
  refreshMs: 5 * 60_000,
  firstBackOffMs: 1000,
  maxBackOffMs: 5 * 60_000,
  stableMs: 60_000,
  banMs: 10 * 60_000,
}
