/** Limits on what is served at once. */
export interface SlotLimits {
  /** to one peer */
  readonly perPeer: number
  readonly inAll: number
}

export interface Slots {
  /** Takes a place for this peer; undefined when there is none. The result gives it back, once. */
  take(peer: string): (() => void) | undefined
}

export function createSlots({ perPeer, inAll }: SlotLimits): Slots {
  const taken = new Map<string, number>()
  let all = 0
  return {
    take(peer) {
      const mine = taken.get(peer) ?? 0
      if (mine >= perPeer || all >= inAll) return undefined
      taken.set(peer, mine + 1)
      all++
      let held = true
      return () => {
        if (!held) return
        held = false
        all--
        const left = (taken.get(peer) ?? 1) - 1
        if (left === 0) taken.delete(peer)
        else taken.set(peer, left)
      }
    },
  }
}
