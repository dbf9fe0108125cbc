import { fromBase64Pad, toBase64Pad } from '@atcute/multibase'
import * as v from 'valibot'
import { isTid } from '../../core/tid.ts'
import { createPubSub } from './pubsub.ts'
import type { AnyReceived, TypedEvent, TypedEventTarget } from './model.ts'
import type { Shapes } from './shapes.ts'
import type { Gap, SpokeOptions } from './spoke.ts'
import { topicOf } from './topic.ts'

/** The events by which copies of a repo follow one another. The id of the event is the repo. */
export type RepoEvents = { readonly 'repo.changed': RepoChanged }

export type RepoEvent = AnyReceived<RepoEvents>

export interface RepoChanged {
  /** DID, or the URI of a space's repo */
  readonly repo: string
  /** the head that the sender now has; it is asked for and proven like any other */
  readonly rev: string
  /** what leads to it from the head before, where that is little; proven like any other */
  readonly list?: WireList | undefined
}

/** A list of changes as text. */
interface WireList {
  /** CID of the commit that it leads on from */
  readonly after: string
  /** a sync pack with this one repo: base64, with padding */
  readonly pack: string
}

/** Bytes of the pack. */
export const listBytes = ({ pack }: WireList): number => Math.floor((pack.length * 3) / 4)

/** A list of changes that goes along with word of a head. */
export interface NoticeList {
  readonly after: string
  readonly pack: Uint8Array<ArrayBuffer>
}

const CHANGED = 'repo.changed'
const MAX_CID = 128
/** Of a list: 24 KiB of pack, which is more than anyone sends, and fits a frame. */
const MAX_PACK = 32 * 1024

/** For `createHubEventTarget`, `keepSpoke` and whoever else takes events from peers. */
export const repoShapes: Shapes<RepoEvents> = {
  [CHANGED]: v.object({
    repo: v.pipe(v.string(), v.minLength(1), v.maxLength(2048)),
    rev: v.pipe(v.string(), v.check(isTid)),
    // One of another form is none: that there is a new head counts all the same.
    list: v.fallback(
      v.optional(
        v.object({
          after: v.pipe(v.string(), v.maxLength(MAX_CID)),
          pack: v.pipe(v.string(), v.maxLength(MAX_PACK)),
        }),
      ),
      undefined,
    ),
  }),
}

/** The topic of a repo's new heads. */
export const repoChangeOf = (repo: string): string => topicOf(CHANGED, repo)

/** Tells whoever follows the repo that it has a new head here, and what leads to it where that is at hand. */
export function publishRepoChange(
  hub: TypedEventTarget<RepoEvents>,
  repo: string,
  rev: string,
  list?: NoticeList,
): void {
  const more = list && { list: { after: list.after, pack: toBase64Pad(list.pack) } }
  createPubSub({ eventTarget: hub }).publish(CHANGED, repo, { repo, rev, ...more })
}

/** The same word without what leads there. */
export function withoutList(event: RepoEvent): RepoEvent {
  const { repo, rev } = event.payload
  return { ...event, payload: { repo, rev } }
}

/** The repos that are followed at one peer. */
export interface RepoNotices {
  /** Follows exactly these from now on. */
  watch(repos: Iterable<string>): void
  close(): void
}

export interface RepoNoticesOptions {
  /** a new head; peer by the stream, so it can be asked for it */
  readonly onChanged: (change: {
    readonly repo: string
    readonly rev: string
    readonly list?: NoticeList
    readonly peer: string
  }) => void
}

/** One whose pack is no base64 to the last bit is none: that there is a new head counts all the same. */
function readWireList({ after, pack }: WireList): NoticeList | undefined {
  try {
    return { after, pack: fromBase64Pad(pack) }
  } catch {
    return undefined
  }
}

/** Subscribes a spoke to the heads of a set of repos. */
export function createRepoNotices(
  spoke: TypedEventTarget<RepoEvents>,
  { onChanged }: RepoNoticesOptions,
): RepoNotices {
  let watched = new Set<string>()
  const listener = ({ detail: { id, payload, peer } }: TypedEvent<RepoEvents>): void => {
    // An event about one repo cannot speak of another.
    if (peer === undefined || payload.repo !== id) return
    const { repo, rev } = payload
    const list = payload.list && readWireList(payload.list)
    onChanged({ repo, rev, peer, ...(list && { list }) })
  }
  const watch = (repos: Iterable<string>): void => {
    const wanted = new Set(repos)
    for (const repo of wanted)
      if (!watched.has(repo)) spoke.addEventListener(topicOf(CHANGED, repo), listener)
    for (const repo of watched)
      if (!wanted.has(repo)) spoke.removeEventListener(topicOf(CHANGED, repo), listener)
    watched = wanted
  }
  return { watch, close: () => watch([]) }
}

/**
 * Options of a spoke that tell of repos which changed unheard. Their heads are to be asked for.
 */
export const repoGaps = (onUnknown: (repo: string) => void): Pick<SpokeOptions<RepoEvents>, 'onGap'> => ({
  onGap: ({ type, id }: Gap) => {
    if (type === CHANGED) onUnknown(id)
  },
})
