import type { Clock } from '../../core/clock.ts'
import type { Timers } from '../../core/timers.ts'
import type { SignedAnnouncement } from './record.ts'

/** Peers in one set: the most that is dialled for one topic, many times over. More are left out. */
const MAX_MEMBERS = 1024

/** Announcements that several relays tell of, as one set: a peer is in it while any of them has it. */
export interface Membership {
  add(source: string, signed: SignedAnnouncement): void
  gone(source: string, peer: string): void
  dropSource(source: string): void
  members(): readonly SignedAnnouncement[]
  close(): void
}

export interface MembershipOptions {
  readonly clock: Clock
  readonly timers: Timers
  /** a peer came, or its announcement changed */
  onAdd(signed: SignedAnnouncement): void
  onGone(signed: SignedAnnouncement): void
}

interface Member {
  signed: SignedAnnouncement
  readonly sources: Set<string>
  stop: () => void
}

export function createMembership({ clock, timers, onAdd, onGone }: MembershipOptions): Membership {
  const held = new Map<string, Member>()

  const remove = (peer: string, member: Member): void => {
    member.stop()
    held.delete(peer)
    onGone(member.signed)
  }
  const endAt = (peer: string, member: Member): void => {
    member.stop()
    const left = member.signed.announcement.expiresAt - clock.now()
    member.stop = timers.after(Math.max(0, left), () => remove(peer, member))
  }
  const gone = (source: string, peer: string): void => {
    const member = held.get(peer)
    if (member?.sources.delete(source) === true && member.sources.size === 0) remove(peer, member)
  }
  const add = (source: string, signed: SignedAnnouncement): void => {
    const { peer, seq } = signed.announcement
    const member = held.get(peer)
    if (member === undefined) {
      if (held.size >= MAX_MEMBERS) return
      const fresh: Member = { signed, sources: new Set([source]), stop: () => {} }
      held.set(peer, fresh)
      endAt(peer, fresh)
      onAdd(signed)
      return
    }
    member.sources.add(source)
    if (seq <= member.signed.announcement.seq) return
    member.signed = signed
    endAt(peer, member)
    onAdd(signed)
  }
  return {
    add,
    gone,
    dropSource(source) {
      for (const peer of [...held.keys()]) gone(source, peer)
    },
    members: () => [...held.values()].map(({ signed }) => signed),
    close() {
      for (const { stop } of held.values()) stop()
      held.clear()
    },
  }
}
