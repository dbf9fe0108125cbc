import { CairnError } from '../core/errors.ts'

/**
 * | code | fields |
 * |---|---|
 * | `sync.busy` | `did`: this repo is at work in another tab |
 * | `sync.cancelled` | none |
 * | `sync.not-kept` | `did`: nothing of it is kept here |
 * | `sync.head` | `did`, `snapshot`: the newest backup cannot be deleted alone |
 * | `sync.nothing-to-resume` | `did` |
 * | `sync.no-such-record` | `did`, `path` |
 * | `sync.no-such-blob` | `did`, `cid` |
 * | `sync.peer-lacks` | `peer`, `did`: the peer does not keep it, or not for us |
 * | `sync.peer-failed` | `peer`, `did`: the peer cannot answer, for now or at all |
 * | `sync.over-budget` | `peer`, `did`, `limit`: more bytes than an answer may have, or than fit here |
 * | `sync.challenge-failed` | `peer`, `did`, `reason`: the peer did not prove that it holds the repo |
 * | `sync.no-common-root` | `peer`, `did`: no snapshot is kept on both sides |
 * | `sync.bad-collection` | `did`, `collection`: no collection of a repo is called that |
 * | `sync.bad-pack` | `peer`, `did`, `reason`: a pack that contradicts itself, its request or its repo |
 * | `sync.peer-behind` | `peer`, `did`: the peer has nothing newer than the head that is kept |
 * | `sync.unlisted` | `peer`, `did`: the peer cannot tell what changed since the head that is kept |
 * | `sync.no-copy` | `did`, `asked`: of so many peers none that answered holds it |
 */
export type SyncErrorCode =
  | 'sync.busy'
  | 'sync.cancelled'
  | 'sync.not-kept'
  | 'sync.head'
  | 'sync.nothing-to-resume'
  | 'sync.no-such-record'
  | 'sync.no-such-blob'
  | 'sync.peer-lacks'
  | 'sync.peer-failed'
  | 'sync.over-budget'
  | 'sync.challenge-failed'
  | 'sync.no-common-root'
  | 'sync.bad-collection'
  | 'sync.bad-pack'
  | 'sync.peer-behind'
  | 'sync.unlisted'
  | 'sync.no-copy'

/** Raised by the engine that moves repos between hosts. */
export class SyncError extends CairnError {
  constructor(code: SyncErrorCode, fields: Record<string, unknown> = {}, options?: ErrorOptions) {
    super(code, fields, options)
  }
}
