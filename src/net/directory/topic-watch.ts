import type { Clock } from '../../core/clock.ts'
import type { DirectoryLink } from './link.ts'
import { createMembership, type MembershipOptions } from './membership.ts'
import type { Timers } from '../../core/timers.ts'
import { openAnnouncement, type SignedAnnouncement } from './record.ts'

/**
 * How long what a relay told still counts when it broke off, ms. A relay that was restarted is told everything
 * again in this time, and nobody has to be dropped meanwhile.
 */
const RETURN_WITHIN = 30_000
/** A relay that had no room for a watch may have it later: it is asked again after this, ms. */
const AGAIN = 60_000

/** One topic watched at several relays. Every announcement is checked before it counts. */
export interface TopicWatch {
  /** Watches at this relay, until the link ends. A second link to the same relay takes over from the first. */
  attach(link: DirectoryLink): void
  /** The relay is not asked any more; what only it told goes at once. */
  detach(relay: string): void
  members(): readonly SignedAnnouncement[]
  close(): void
}

export interface TopicWatchOptions extends Pick<MembershipOptions, 'onAdd' | 'onGone'> {
  readonly topic: Uint8Array
  /** ask for what the relay itself holds only */
  readonly local: boolean
  /** our own peer id: left out */
  readonly self: string
  readonly clock: Clock
  readonly timers: Timers
}

interface Followed {
  readonly link: DirectoryLink
  /** names what this link told, apart from what earlier links to the same relay did */
  readonly source: string
  stop: () => void
}

export function createTopicWatch(options: TopicWatchOptions): TopicWatch {
  const { topic, local, self, clock, timers } = options
  const membership = createMembership(options)
  const links = new Map<string, Followed>()
  /** earlier links of a relay, whose word still counts for a while: what ends that */
  const earlier = new Map<string, Map<string, () => void>>()
  /** relays that refused, until they are asked again: what ends that */
  const refused = new Map<string, { readonly link: DirectoryLink; readonly stop: () => void }>()
  /** links that have refused, and whether they have ended: which is waited for once, however often they do */
  const isOver = new WeakMap<DirectoryLink, boolean>()
  let attached = 0
  let closed = false

  const outlive = (relay: string, source: string): void => {
    const stops = earlier.get(relay) ?? new Map<string, () => void>()
    const stop = timers.after(RETURN_WITHIN, () => {
      stops.delete(source)
      membership.dropSource(source)
    })
    earlier.set(relay, stops.set(source, stop))
  }
  const gone = (relay: string, source: string, peer: string): void => {
    for (const old of earlier.get(relay)?.keys() ?? []) membership.gone(old, peer)
    membership.gone(source, peer)
  }

  const proven = async (record: Uint8Array): Promise<SignedAnnouncement | undefined> => {
    try {
      const signed = await openAnnouncement(record, { now: clock.now(), topic })
      return signed.announcement.peer === self ? undefined : signed
    } catch {
      // A relay that tells of something unproven told nothing.
      return undefined
    }
  }

  const follow = async (followed: Followed): Promise<void> => {
    const { link, source } = followed
    const { relay } = link
    const current = (): boolean => !closed && links.get(relay) === followed
    // Changes are taken in the order in which they came, though each check takes its time.
    let last: Promise<void> = Promise.resolve()
    const inOrder = (change: () => Promise<void>): void => {
      // Cannot reject: `proven` does not, and the rest is in memory.
      last = last.then(change)
    }
    const first = Promise.withResolvers<readonly Uint8Array[]>()
    inOrder(async () => {
      const opened = (await Promise.all((await first.promise).map(proven))).filter(
        (signed) => signed !== undefined,
      )
      // The newest first: of a peer that is there twice only that one is told of.
      for (const signed of opened.toSorted((a, b) => b.announcement.seq - a.announcement.seq))
        if (current()) membership.add(source, signed)
    })
    try {
      const watch = await link.watch(topic, local, {
        add: (record) =>
          inOrder(async () => {
            const signed = await proven(record)
            if (signed !== undefined && current()) membership.add(source, signed)
          }),
        gone: (peer) =>
          inOrder(async () => {
            if (current()) gone(relay, source, peer)
          }),
      })
      if (!current()) watch.stop()
      followed.stop = watch.stop
      first.resolve(watch.records)
    } catch {
      // The link broke, or the relay refuses: for now, what the other relays tell has to do.
      if (!current()) return
      links.delete(relay)
      askLater(link)
      return
    }
    await link.ended
    if (!current()) return
    links.delete(relay)
    outlive(relay, source)
  }

  const askLater = (link: DirectoryLink): void => {
    const { relay } = link
    if (isOver.get(link) === true) return
    refused.set(relay, { link, stop: timers.after(AGAIN, () => attach(link)) })
    if (isOver.has(link)) return
    isOver.set(link, false)
    void link.ended.then(() => {
      isOver.set(link, true)
      if (refused.get(relay)?.link === link) askNoMore(relay)
    })
  }
  const askNoMore = (relay: string): void => {
    refused.get(relay)?.stop()
    refused.delete(relay)
  }
  const attach = (link: DirectoryLink): void => {
    const { relay } = link
    const held = links.get(relay)
    if (closed || held?.link === link) return
    askNoMore(relay)
    if (held !== undefined) {
      held.stop()
      outlive(relay, held.source)
    }
    const followed: Followed = { link, source: `${relay} ${++attached}`, stop: () => {} }
    links.set(relay, followed)
    // Never rejects: a failure to watch is caught, and `ended` does not fail.
    void follow(followed)
  }

  return {
    attach,
    detach(relay) {
      askNoMore(relay)
      const held = links.get(relay)
      links.delete(relay)
      held?.stop()
      const sources = earlier.get(relay) ?? new Map<string, () => void>()
      earlier.delete(relay)
      for (const [source, stop] of sources) {
        stop()
        membership.dropSource(source)
      }
      if (held !== undefined) membership.dropSource(held.source)
    },
    members: () => membership.members(),
    close() {
      closed = true
      for (const relay of [...refused.keys()]) askNoMore(relay)
      for (const { stop } of links.values()) stop()
      for (const stops of earlier.values()) for (const stop of stops.values()) stop()
      links.clear()
      earlier.clear()
      membership.close()
    },
  }
}
