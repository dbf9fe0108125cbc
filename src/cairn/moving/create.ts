import type { Sessions } from '../../pds/account/model.ts'
import type { ActivityLog } from '../activity.ts'
import type { Library } from '../api.ts'
import type { CairnHost } from '../host.ts'
import type { Jobs } from '../jobs.ts'
import { methodsOf } from '../remote-methods.ts'
import type { Moving } from './model.ts'
import type { MovingService } from './service.ts'

export interface MovingRoomParts {
  readonly host: CairnHost
  readonly sessions: Sessions
  readonly library: Library
  readonly jobs: Jobs
  readonly log: ActivityLog
  /** told when anything of this account's move has changed */
  readonly changed: (did: string) => void
}

export interface MovingRoom {
  readonly api: Moving
  close(): Promise<void>
}

/** Leaving a server. What does the work is loaded on first use: hardly anyone needs it on most days. */
export function createMovingRoom(parts: MovingRoomParts): MovingRoom {
  let opening: Promise<MovingService> | undefined

  const open = async (): Promise<MovingService> => {
    const { createMovingService } = await import('./service.ts')
    return createMovingService(parts)
  }
  const service = async (): Promise<MovingService> => {
    opening ??= open()
    try {
      return await opening
    } catch (error) {
      // its script did not come: the next call asks again
      opening = undefined
      throw error
    }
  }
  const methods = methodsOf('moving').map((name) => [
    name,
    async (...args: unknown[]) => {
      const { api } = await service()
      // `methodsOf` lists exactly the methods of the room, checked by the compiler where it is written
      return (api as unknown as Record<string, (...given: unknown[]) => Promise<unknown>>)[name]?.(...args)
    },
  ])
  return {
    api: Object.fromEntries(methods) as Moving,
    async close() {
      // when it did not open there is nothing to close
      const opened = await opening?.catch(() => undefined)
      await opened?.close()
    },
  }
}
