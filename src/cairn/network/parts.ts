import type { Networker } from '../../net/networker/model.ts'
import type { Sessions } from '../../pds/account/model.ts'
import type { PeerEngine, Candidate } from '../../sync/peers/engine.ts'
import type { Notices } from '../../sync/peers/notices.ts'
import type { Library } from '../api.ts'
import type { ActivityLog } from '../activity.ts'
import type { CairnHost } from '../host.ts'
import type { Jobs } from '../jobs.ts'
import type { CairnEvent } from '../model.ts'
import type { Tasks } from '../tasks.ts'
import type { NetworkHost, NodeHandle } from './host.ts'
import type { Relays } from './relays.ts'
import type { Serving } from './serving.ts'

/** What the network gets of the rest of Cairn. */
export interface ServiceParts {
  /** its storage may be written by this lead only */
  readonly host: CairnHost
  readonly network: NetworkHost
  readonly emit: (event: CairnEvent) => void
  readonly jobs: Jobs
  readonly tasks: Tasks
  readonly library: Library
  /** the history that a person reads */
  readonly log: ActivityLog
  /** who is signed in */
  readonly sessions: Sessions
}

/** The running parts of a lead, for those that act on them. */
export interface Running extends ServiceParts {
  readonly node: NodeHandle
  readonly serving: Serving
  readonly relays: Relays
  readonly networker: Networker
  readonly engine: PeerEngine
  readonly notices: Notices
  /** aborts when the lead ends */
  readonly over: AbortSignal
  /** peer ids of relays that are connected now */
  connectedRelays(): string[]
  /** those of them that keep copies */
  connectedStores(): string[]
  candidateOf(peer: string, addresses?: readonly string[]): Candidate
}

/** Work that nobody waits for: what it fails at is tried again by whoever began it. */
export const quietly = (work: Promise<unknown>): void => void work.catch(() => {})
