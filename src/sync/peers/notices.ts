import { createHubEventTarget } from '../../net/events/hub.ts'
import { keepSpoke } from '../../net/events/keep-spoke.ts'
import type { EventHost } from '../../net/events/model.ts'
import {
  createRepoNotices,
  listBytes,
  publishRepoChange,
  repoChangeOf,
  type RepoEvent,
  type RepoEvents,
  repoGaps,
  repoShapes,
  withoutList,
} from '../../net/events/repo-notices.ts'
import { serveEvents } from '../../net/events/serve.ts'
import type { Net } from '../../net/net.ts'
import type { SentList } from '../packs/sent-list.ts'

export interface Notices {
  /**
   * Tells everyone who follows the repo that it has a new head here, and how to come to it from the one before: all
   * but those who said that they have it, or who have yet to take what they were told last. True when anyone does.
   */
  publish(did: string, rev: string, list?: () => SentList | undefined): boolean
  /**
   * Hears of new heads of these repos at a peer, until `signal` aborts, and of some of them until what it gives is
   * called with those. Followed again later, the peer is asked again whether it tells of them.
   */
  follow(peer: string, dids: readonly string[], signal: AbortSignal): (dids: readonly string[]) => void
  close(): Promise<void>
}

export interface NoticesOptions {
  readonly net: Net
  readonly host: EventHost
  readonly mayRead: (peer: string, did: string) => boolean | Promise<boolean>
  /**
   * A peer may have a new head: it said so, and which (`rev`), or some of what it said did not come through. Once
   * more when it begins to tell of a repo: what changed after it was asked and before it began to tell, nobody heard.
   */
  readonly onNews: (peer: string, did: string, rev?: string, list?: SentList) => void
  /** told of lists that go along with word of a head, about how many bytes each is */
  readonly onSent?: (peer: string, did: string, bytes: number, what: 'changes') => void
}

interface Followed {
  /** how many ask for each repo */
  readonly counts: Map<string, number>
  /** what the peer has told of before: of that a gap would be known */
  readonly told: Set<string>
  /** the newest head of each repo that it told of */
  readonly heads: Map<string, string>
  readonly watch: () => void
  readonly close: () => Promise<void>
}

/** Word of new heads, between each two peers that share a repo: each is the other's hub. */
export function createNotices({ net, host, mayRead, onNews, onSent }: NoticesOptions): Notices {
  const briefs = new WeakMap<object, RepoEvent>()
  const briefly = (event: RepoEvent): RepoEvent => {
    const brief = briefs.get(event) ?? withoutList(event)
    briefs.set(event, brief)
    return brief
  }
  const hub = createHubEventTarget<RepoEvents>({
    host,
    shapes: repoShapes,
    // Everything at once would tell which repos are kept here.
    authorize: async (peer, { id }) => id !== '' && (await mayRead(peer, id)),
    adapt(event, { peer, waiting }) {
      const { list, repo, rev } = event.payload
      if (list === undefined) return event
      const hasIt = (followed.get(peer)?.heads.get(repo) ?? '') >= rev
      if (hasIt || waiting > 0) return briefly(event)
      onSent?.(peer, repo, listBytes(list), 'changes')
      return event
    },
  })
  const stopServing = serveEvents({ net, hub, host })
  const followed = new Map<string, Followed>()
  const closing = new Set<Promise<void>>()

  const begin = (peer: string): Followed => {
    const told = new Set<string>()
    const spoke = keepSpoke<RepoEvents>({
      net,
      hub: peer,
      host,
      shapes: repoShapes,
      ...repoGaps((did) => onNews(peer, did)),
      onSubscribed({ id }) {
        if (told.has(id)) return
        told.add(id)
        onNews(peer, id)
      },
    })
    const heads = new Map<string, string>()
    const notices = createRepoNotices(spoke, {
      onChanged({ repo, rev, list }) {
        if ((heads.get(repo) ?? '') < rev) heads.set(repo, rev)
        onNews(peer, repo, rev, list)
      },
    })
    const counts = new Map<string, number>()
    return {
      ...{ counts, told, heads },
      watch: () => notices.watch(counts.keys()),
      close() {
        notices.close()
        return spoke.close()
      },
    }
  }
  const end = (peer: string, entry: Followed): void => {
    followed.delete(peer)
    const ended = entry.close().catch(() => {})
    closing.add(ended)
    void ended.then(() => closing.delete(ended))
  }

  return {
    publish(did, rev, list) {
      const isFollowed = hub.isHeard(repoChangeOf(did))
      publishRepoChange(hub, did, rev, isFollowed ? list?.() : undefined)
      return isFollowed
    },
    follow(peer, dids, signal) {
      if (signal.aborted) return () => {}
      const entry = followed.get(peer) ?? begin(peer)
      followed.set(peer, entry)
      const held = new Set(dids)
      for (const did of held) entry.counts.set(did, (entry.counts.get(did) ?? 0) + 1)
      entry.watch()
      const leave = (some: Iterable<string>): void => {
        for (const did of some) {
          if (!held.delete(did)) continue
          const left = (entry.counts.get(did) ?? 1) - 1
          if (left > 0) entry.counts.set(did, left)
          else {
            entry.counts.delete(did)
            entry.told.delete(did)
            entry.heads.delete(did)
          }
        }
        if (entry.counts.size > 0) entry.watch()
        else if (followed.get(peer) === entry) end(peer, entry)
      }
      signal.addEventListener('abort', () => leave([...held]), { once: true })
      return leave
    },
    async close() {
      stopServing()
      for (const [peer, entry] of [...followed]) end(peer, entry)
      await Promise.all([...closing, hub.close()])
    },
  }
}
