import * as v from 'valibot'
import { isTid } from '../../core/tid.ts'
import { createPubSub } from './pubsub.ts'
import type { TypedEvent, TypedEventTarget } from './model.ts'
import type { Shapes } from './shapes.ts'
import type { Gap, SpokeOptions } from './spoke.ts'
import { topicOf } from './topic.ts'

/** The events by which copies of a repo follow one another. The id of the event is the repo. */
export type RepoEvents = { readonly 'repo.changed': RepoChanged }

export interface RepoChanged {
  /** DID, or the URI of a space's repo */
  readonly repo: string
  /** the head that the sender now has; it is asked for and proven like any other */
  readonly rev: string
}

const CHANGED = 'repo.changed'

/** For `createHubEventTarget`, `keepSpoke` and whoever else takes events from peers. */
export const repoShapes: Shapes<RepoEvents> = {
  [CHANGED]: v.object({
    repo: v.pipe(v.string(), v.minLength(1), v.maxLength(2048)),
    rev: v.pipe(v.string(), v.check(isTid)),
  }),
}

/** Tells whoever follows the repo that it has a new head here. */
export function publishRepoChange(hub: TypedEventTarget<RepoEvents>, repo: string, rev: string): void {
  createPubSub({ eventTarget: hub }).publish(CHANGED, repo, { repo, rev })
}

/** The repos that are followed at one peer. */
export interface RepoNotices {
  /** Follows exactly these from now on. */
  watch(repos: Iterable<string>): void
  close(): void
}

export interface RepoNoticesOptions {
  /** a new head; peer by the stream, so it can be asked for it */
  readonly onChanged: (change: RepoChanged & { readonly peer: string }) => void
}

/** Subscribes a spoke to the heads of a set of repos. */
export function createRepoNotices(
  spoke: TypedEventTarget<RepoEvents>,
  { onChanged }: RepoNoticesOptions,
): RepoNotices {
  let watched = new Set<string>()
  const listener = ({ detail: { id, payload, peer } }: TypedEvent<RepoEvents>): void => {
    // An event about one repo cannot speak of another.
    if (peer !== undefined && payload.repo === id) onChanged({ ...payload, peer })
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
