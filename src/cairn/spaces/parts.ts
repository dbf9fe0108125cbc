import type { ActivityLog } from '../activity.ts'
import type { CairnHost } from '../host.ts'
import type { Library } from '../api.ts'
import type { CairnEvent } from '../model.ts'
import type { VaultHost } from '../../spaces/vault/host.ts'
import type { SpacesNet } from '../network/spaces-net.ts'
import type { RecoveryRows } from './recovery-row.ts'

/** What the spaces get of the rest of Cairn. */
export interface SpacesParts {
  /** its storage may be written by this lead only */
  readonly host: CairnHost
  /** web origin of the app, whose server is a relay too */
  readonly app: string
  readonly emit: (event: CairnEvent) => void
  readonly log: ActivityLog
  readonly library: Library
}

/** What the groups of actions share. */
export interface SpacesContext extends SpacesParts {
  readonly vaults: VaultHost
  readonly random: (length: number) => Uint8Array
  readonly recovery: RecoveryRows
  net(): SpacesNet | undefined
}

/** Work that nobody waits for: what it fails at is tried again by whoever began it. */
export const quietly = (work: Promise<unknown>): void => void work.catch(() => {})
