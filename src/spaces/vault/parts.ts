import type { SpaceChange } from '../../storage/space/change.ts'
import type { SpaceStore } from '../../storage/space/store.ts'
import type { Content } from '../content/model.ts'
import type { SpaceDevice } from '../keys/model.ts'
import type { SpaceLog } from '../log/model.ts'
import type { Role } from '../members/model.ts'
import type { Effects } from './effects.ts'
import type { VaultHost } from './host.ts'
import type { Keyring } from './keyring.ts'
import type { SpaceRow } from './model.ts'
import type { Persons } from './persons.ts'
import type { Repos } from './repos.ts'

/** What the parts of one opened vault share. */
export interface VaultParts {
  readonly host: VaultHost
  readonly space: string
  readonly log: SpaceLog
  readonly store: SpaceStore
  readonly content: Content
  readonly persons: Persons
  readonly keyring: Keyring
  readonly repos: Repos
  readonly effects: Effects
  /** this device; another one after `adoptNewIdentity` */
  device(): SpaceDevice
  /** The recovery's device, as which this one acts until it is in by itself: `recovering.ts`. */
  standIn(): SpaceDevice | undefined
  dropStandIn(): Promise<void>
  /** what it may do now */
  role(): Role
  row(): SpaceRow
  /** Changes the row, on disk and here. */
  patch(change: Partial<Omit<SpaceRow, 'space'>>): Promise<void>
  /** This device's next commit, as `SpaceStore.commit` makes it; its bytes. */
  commit(
    repo: string,
    changes: readonly SpaceChange[],
    members: readonly string[],
  ): Promise<Uint8Array<ArrayBuffer>>
  /** Runs when nothing else reads or writes the vault. Not for use within each other. */
  alone<T>(work: () => Promise<T>): Promise<T>
}
