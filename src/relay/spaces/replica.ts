import { hasCode } from '../../core/errors.ts'
import type { Clock } from '../../core/clock.ts'
import type { Storage } from '../../storage/port.ts'
import type { SpaceStore } from '../../storage/space/store.ts'
import type { SpaceLog } from '../../spaces/log/model.ts'
import { mayRead } from '../../spaces/members/may-read.ts'
import type { ReplicaLog, SpaceFault, SpaceReplica } from '../../sync/spaces/model.ts'
import { createChunks } from './chunks.ts'

export interface ReplicaParts {
  readonly log: SpaceLog
  readonly repos: SpaceStore
  readonly storage: Storage
  readonly clock: Clock
  /** whether so many bytes more may come into the log */
  readonly hasLogRoom: (bytes: number) => boolean
  /** someone who may read was here */
  readonly onAsked: () => void
  /** what is being written to the log */
  readonly adding: Set<Promise<unknown>>
  /** Throws when it is kept no longer. */
  readonly check: () => void
  readonly onFault: (fault: SpaceFault) => void
}

/**
 * A space as this store has it for others. It signs nothing, proves to be nobody, and looks for nobody: members come
 * to it. Who may read is asked of the members' log each time.
 */
export function createReplica(parts: ReplicaParts): SpaceReplica {
  const { log, clock } = parts
  return {
    space: log.space,
    log: boundedLog(parts),
    repos: parts.repos,
    mayRead(key) {
      const may = mayRead(log.members.state(), key, clock.now())
      if (may) parts.onAsked()
      return may
    },
    prove: undefined,
    topics: () => [],
    // Whoever follows the space is told by those who serve it.
    onMoved: () => {},
    onFault: parts.onFault,
    chunks: createChunks(parts.storage, log.space, clock),
  }
}

/** The log, which is refused what there is no room for. */
function boundedLog({ log, hasLogRoom, check, adding }: ReplicaParts): ReplicaLog {
  return {
    root: log.root,
    heads: () => log.heads(),
    digest: () => log.digest(),
    after: (heads) => log.after(heads),
    operation: (cid) => log.operation(cid),
    cards: () => log.cards(),
    endingOf: (key, have) => log.endingOf(key, have),
    joinOf: (device) => log.joinOf(device),
    onChange: (listener) => log.onChange(listener),
    async knock(device, join) {
      if (!hasLogRoom(join.length)) return false
      check()
      const mine = log.knock(device, join)
      adding.add(mine)
      return mine.finally(() => adding.delete(mine))
    },
    async add(items) {
      const { operations = [], cards = [] } = items
      const coming = [...operations, ...cards].reduce((sum, item) => sum + item.length, 0)
      if (!hasLogRoom(coming)) return noRoom(operations.length > 0, 'store.quota')
      try {
        check()
        const mine = log.add({ operations, cards })
        adding.add(mine)
        return await mine.finally(() => adding.delete(mine))
      } catch (error) {
        if (hasCode(error, 'store.full') || hasCode(error, 'store.quota'))
          return noRoom(operations.length > 0, error.code)
        throw error
      }
    },
  }
}

const noRoom = (hasOperations: boolean, code: string): Awaited<ReturnType<ReplicaLog['add']>> => ({
  changed: false,
  refused: [{ what: hasOperations ? 'operation' : 'card', code }],
  missing: [],
})
