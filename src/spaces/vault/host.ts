import type { Sha256 } from '../../core/hash.ts'
import type { LtHash } from '../../repo/space/lthash.ts'
import type { Storage } from '../../storage/port.ts'
import type { Random } from '../crypto.ts'
import type { SpaceKeys } from '../keys/model.ts'

/** What a vault needs of its host. */
export interface VaultHost {
  readonly storage: Storage
  readonly sha256: Sha256
  readonly ltHash: LtHash
  readonly random: Random
  readonly keys: SpaceKeys
  /** milliseconds since the Unix epoch */
  readonly now: () => number
}
