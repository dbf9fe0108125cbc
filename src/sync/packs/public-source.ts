import type { Sha256 } from '../../core/hash.ts'
import { isDid } from '../../core/syntax.ts'
import type { Subscription } from '../../pack/model.ts'
import type { Storage } from '../../storage/port.ts'
import { createSegmentReader } from '../../storage/segment-reader.ts'
import type { Pins } from '../pages/pins.ts'
import { changesSince, readingHead } from './changes-since.ts'
import { nothing, revoked } from './empty-answers.ts'
import { makeList } from './make-list.ts'
import { type Caller, type PackSource, type PullAsk } from './model.ts'

export interface PublicSourceOptions {
  readonly storage: Storage
  readonly sha256: Sha256
  /** Whether someone may read a repo; anyone may read every one when absent. */
  readonly mayRead?: (caller: Caller, did: string) => boolean | Promise<boolean>
  /** what retention asks before it drops a snapshot */
  readonly pins?: Pins
  /** told of lists as they are handed on to a peer, about how many bytes each is */
  readonly onSent?: (peer: string, did: string, bytes: number, what: 'changes') => void
}

/**
 * Answers for public repos: what each became since the asker's head. A head is read as it stands; when it is
 * replaced and swept under the reading, the answer is made again from the new one.
 *
 * @throws StorageError from `pull`, when what is kept cannot be read
 */
export function publicSource(options: PublicSourceOptions): PackSource {
  const { storage, sha256, mayRead, pins, onSent } = options

  /** Undefined when a list takes more than there is room for. */
  const answer = async (ask: PullAsk, { peer }: Caller, room: number): Promise<Subscription | undefined> => {
    const { id } = ask
    const reader = createSegmentReader(storage, id)
    const since = await changesSince(storage, id, ask.held, reader)
    switch (since.kind) {
      case 'not-kept':
        return revoked(ask)
      case 'same':
      case 'behind':
        return nothing(ask, false)
      case 'unlisted':
        return nothing(ask, true)
      case 'listed': {
        const { head, changes } = since
        if (since.bytes > room) return undefined
        pins?.pin(id, head.id)
        if (peer !== undefined) onSent?.(peer, id, since.bytes, 'changes')
        return makeList({ reader, head, changes, verifiedRoot: ask.verifiedRoot, sha256 })
      }
    }
  }

  return {
    owns: isDid,
    async pull(ask, { caller, room, alone }) {
      // The same as for one that is not here: what is kept and unlisted is nobody's business.
      if (mayRead !== undefined && !(await mayRead(caller, ask.id))) return revoked(ask)
      // A list is never split: alone it may be as long as lists are.
      return readingHead(() => answer(ask, caller, alone ? Number.POSITIVE_INFINITY : room))
    },
  }
}
