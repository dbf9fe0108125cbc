import type { Sha256 } from '../../core/hash.ts'
import type { Weave } from '../../core/weave.ts'
import { isDid } from '../../core/syntax.ts'
import type { Storage } from '../../storage/port.ts'
import { createSegmentReader } from '../../storage/segment-reader.ts'
import type { Pins } from '../pages/pins.ts'
import { type OpenRepo, openRepo } from '../kept.ts'
import { changesSince, readingHead } from './changes-since.ts'
import { nothing, revoked } from './empty-answers.ts'
import { makeList } from './make-list.ts'
import { createRecentLists, type Made } from './recent-lists.ts'
import type { Caller, PackSource, PullAsk } from './model.ts'

/** Of lists that a device keeps for others who ask the same: some edits of what it follows. Bytes. */
const RECENT_BYTES = 1 << 20

export interface PublicSourceOptions {
  readonly storage: Storage
  readonly sha256: Sha256
  /** puts texts together at once, where the host can */
  readonly weave?: Weave | undefined
  /** Whether someone may read a repo; anyone may read every one when absent. */
  readonly mayRead?: (caller: Caller, did: string) => boolean | Promise<boolean>
  /** what retention asks before it drops a snapshot */
  readonly pins?: Pins
  /** told of lists as they are handed on to a peer, about how many bytes each is */
  readonly onSent?: (peer: string, did: string, bytes: number, what: 'changes') => void
  /** of lists that are kept for others who ask the same */
  readonly recentBytes?: number
}

/**
 * Answers for public repos: what each became since the asker's head. A head is read as it stands; when it is
 * replaced and swept under the reading, the answer is made again from the new one.
 *
 * @throws StorageError from `pull`, when what is kept cannot be read
 */
export function publicSource(options: PublicSourceOptions): PackSource {
  const { storage, sha256, weave, mayRead, pins, onSent } = options
  const recent = createRecentLists(options.recentBytes ?? RECENT_BYTES)

  /** `subscription` is undefined when a list takes more than there is room for. */
  const make = async (ask: PullAsk, room: number, repo?: OpenRepo): Promise<Made> => {
    const { id } = ask
    const reader = createSegmentReader(storage, id)
    const since = await changesSince(storage, id, ask.held, reader, repo)
    switch (since.kind) {
      case 'not-kept':
        return { subscription: revoked(ask), bytes: 0 }
      case 'same':
      case 'behind':
        return { subscription: nothing(ask, false), bytes: 0 }
      case 'unlisted':
        return { subscription: nothing(ask, true), bytes: 0 }
      case 'listed': {
        const { head, changes, bytes } = since
        if (bytes > room) return { subscription: undefined, bytes: 0 }
        const { verifiedRoot } = ask
        pins?.pin(id, head.id)
        const subscription = await makeList({ reader, head, changes, verifiedRoot, sha256, weave })
        return { subscription, bytes }
      }
    }
  }

  /** A list is never split: alone it may be as long as lists are, and is what the next one gets who asks the same. */
  const alone = async (ask: PullAsk): Promise<Made> => {
    const repo = await openRepo(storage, ask.id)
    const head = repo?.head
    if (head === undefined || ask.held === undefined) return make(ask, Number.POSITIVE_INFINITY, repo)
    return recent.of(nameOf(ask, head.id), () => make(ask, Number.POSITIVE_INFINITY, repo))
  }

  return {
    owns: isDid,
    async pull(ask, { caller, room, alone: isAlone }) {
      // The same as for one that is not here: what is kept and unlisted is nobody's business.
      if (mayRead !== undefined && !(await mayRead(caller, ask.id))) return revoked(ask)
      const run = (): Promise<Made> => (isAlone ? alone(ask) : make(ask, room))
      const { subscription, bytes } = await readingHead(run)
      if (bytes > 0 && caller.peer !== undefined) onSent?.(caller.peer, ask.id, bytes, 'changes')
      return subscription
    },
  }
}

/** All that a list depends on, and nothing else that an asker says: it may be megabytes. */
const nameOf = ({ id, held, cursor, verifiedRoot }: PullAsk, head: string): string =>
  JSON.stringify([id, held?.rev, held?.commit, cursor, verifiedRoot, head])
