import type { Topic } from '../topics.ts'
import type { NetworkerLimits } from './limits.ts'
import type { Timers } from '../../core/timers.ts'
import type { Peer, PeerStream } from './model.ts'
import type { TopicChange } from './sharing.ts'
import type { Farewell, Message } from './wire.ts'
import type { Clock } from '../../core/clock.ts'

/** One stream to another networker, from its opening to its end. */
export interface Link {
  readonly id: string
  readonly stream: PeerStream
  /** `processing` until the handshake is done */
  readonly state: 'processing' | 'ready' | 'over'
  /** hex of what the other side calls its session; undefined before its hello */
  readonly instance: string | undefined
  /** what the side with the smaller id numbered it; 0 before it is in use */
  readonly number: number
  /** there from the end of the handshake on */
  readonly peer: Peer | undefined
  /** the word with which either side ended it */
  readonly farewell: Farewell | undefined
  /** resolves when the handshake has ended, well or not */
  readonly processed: Promise<void>
  /** resolves when nothing of it is left */
  readonly done: Promise<void>
  send(message: Message): void
  /** Tells the other side what is configured here now. */
  retell(): void
  /** Ends it with a word to the other side. */
  part(reason: Farewell): void
  /** Another one is used from now on: what the other side still sends is taken, until it has moved too. */
  retire(): void
  /** Breaks it off. */
  fail(error: Error): void
}

/** What a link asks of those who hold it. */
export interface LinkHooks {
  /** Turns the other side away by throwing a `Parting`. */
  admit(link: Link): Promise<void>
  /** Number of the last link to this peer that was in use; 0 while one is. */
  last(peer: string): number
  /** Asked on the side with the smaller id: the link's number, or a `Parting` is thrown. */
  choose(link: Link, last: number): number
  /** Told on the other side. */
  chosen(link: Link): void
  /** What this peer may know of, by hex of id. */
  topics(peer: string): ReadonlyMap<string, Topic>
  ready(link: Link, peer: Peer): void
  changed(peer: Peer, change: TopicChange): void
  /** The link reads on when this resolves; it does not reject. */
  extension(peer: Peer, name: string, data: Uint8Array): Promise<void>
  /** The other side has moved to another link, which is not ready on this one. */
  isAwaited(link: Link): boolean
  /** Told once, before `processed` when it never became ready. */
  closed(link: Link, finishedHandshake: boolean, error: Error | undefined): void
}

export interface LinkContext {
  readonly self: string
  /** 16 bytes that name this session */
  readonly instance: Uint8Array
  readonly timers: Timers
  readonly clock: Clock
  readonly limits: NetworkerLimits
  readonly randomBytes: (length: number) => Uint8Array
  readonly addressOf: (link: Link) => string
  readonly hooks: LinkHooks
}

/** Thrown to end a link with a word. */
export class Parting extends Error {
  readonly reason: Farewell
  constructor(reason: Farewell) {
    super(reason)
    this.reason = reason
  }
}
