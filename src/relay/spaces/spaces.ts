import { createSpaceLog } from '../../spaces/log/log.ts'
import { errorFields, type Log } from '../http/log.ts'
import type { Admission, Store } from '../store/model.ts'
import { createSpaceKeeper, type SpaceKeeper } from './keeper.ts'
import { DEFAULT_SPACE_LIMITS, type SpaceLimits } from './limits.ts'
import { type Mailbox, openMailbox } from './mailbox/mailbox.ts'

export interface SpacesUsage {
  readonly spaces: number
  /** stored */
  readonly bytes: number
  readonly places: number
  readonly placeBytes: number
}

/** What a relay does for group spaces. */
export interface RelaySpaces {
  readonly limits: SpaceLimits
  readonly keeper: SpaceKeeper
  readonly mailbox: Mailbox
  usage(): SpacesUsage
  close(): Promise<void>
}

export interface SpacesOptions {
  readonly store: Store
  readonly admission: Admission
  readonly limits: Partial<SpaceLimits>
  readonly log: Log
}

/** Opens what a relay's store has of group spaces. Close it before the store. */
export async function openSpaces(options: SpacesOptions): Promise<RelaySpaces> {
  const { store, admission, log } = options
  const { storage, host } = store
  const { clock, timers, sha256 } = host
  const limits: SpaceLimits = { ...DEFAULT_SPACE_LIMITS, ...options.limits }
  const keeper = await createSpaceKeeper({
    ...{ store, admission, limits, log },
    openLog: (space, root) => createSpaceLog({ storage, space, root, sha256 }),
  })
  const onFailure = (error: unknown): void => log('warn', 'mailbox.failed', errorFields(error))
  const mailbox = await openMailbox({ storage, clock, timers, onFailure })
  return {
    limits,
    keeper,
    mailbox,
    usage() {
      const { places, bytes: placeBytes } = mailbox.usage()
      return { ...keeper.usage(), places, placeBytes }
    },
    async close() {
      await mailbox.close()
      await keeper.close()
    },
  }
}
