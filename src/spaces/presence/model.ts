import type { Clock } from '../../core/clock.ts'
import type { Timers } from '../../core/timers.ts'
import type { SpaceSigner } from '../../repo/space/commit.ts'
import type { Random } from '../crypto.ts'
import type { Role } from '../members/model.ts'
import type { PresenceErrorCode } from './errors.ts'
import type { Here } from './word.ts'

export interface PresenceOptions {
  readonly space: string
  /** own device */
  readonly signer: SpaceSigner
  /** Epochs that this device can open, newest first: `Vault.epochs`. */
  readonly epochs: () => readonly { readonly name: string; readonly key: Uint8Array }[]
  /** The role of a device as the members' operations say now. */
  readonly roleOf: (device: string) => Role
  /** Hands a payload to everyone of the space who is linked: ASCII, at most `MAX_PAYLOAD` characters. */
  readonly send: (payload: string) => void
  readonly timers: Timers
  readonly clock: Clock
  readonly random: Random
  /** Who is here has changed. */
  readonly onChange: () => void
  /** Text that another has typed just now. */
  readonly onText: (text: PresentText) => void
  /** A word that counted for nothing. */
  readonly onRefused?: (refused: RefusedWord) => void
}

export interface PresentDevice extends Here {
  readonly device: string
}

export interface PresentText {
  readonly device: string
  /** id of the note */
  readonly note: string
  /** a Yjs update; bytes of a member, to be read with care */
  readonly update: Uint8Array
}

export interface RefusedWord {
  readonly code: PresenceErrorCode
  /** peer id; undefined for what this device said itself */
  readonly from: string | undefined
  readonly fields: Readonly<Record<string, unknown>>
}

/** Who is here in one space, and this device among them. Nothing of it is stored. */
export interface SpacePresence {
  /**
   * Where this device is: said at once and then every 2 s, until it is `undefined` (gone). What does not fit a word
   * is refused: PresenceError `presence.malformed`.
   */
  set(here: Here | undefined): void
  /**
   * Says what was typed. Resolves when it was handed on, or was refused: false, for text that is too large for one
   * word, for a reader, or when no epoch is open. It is stored all the same.
   */
  text(note: string, update: Uint8Array): Promise<boolean>
  /** A payload that a peer sent; resolves when it is dealt with. Never rejects. */
  receive(payload: unknown, from: string): Promise<void>
  /** Others who are here, ascending by device. */
  list(): readonly PresentDevice[]
  /** Says that this device is gone, and ends. */
  close(): Promise<void>
}
