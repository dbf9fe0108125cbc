/** When something was last published under a topic, by the hub's count, for as many topics as there is room. */
export interface Latest {
  note(topic: string, seq: number): void
  /** True when events of the topic may have come after; never false when one did. */
  cameAfter(topic: string, seq: number): boolean
}

/** Forgets the topics that have been quiet for longest; of those it knows only that they may have had news. */
export function createLatest(room: number): Latest {
  const latest = new Map<string, number>()
  let forgotten = 0
  return {
    note(topic, seq) {
      latest.delete(topic)
      latest.set(topic, seq)
      if (latest.size <= room) return
      for (const [oldest, last] of latest) {
        latest.delete(oldest)
        forgotten = Math.max(forgotten, last)
        break
      }
    },
    cameAfter: (topic, seq) => (latest.get(topic) ?? forgotten) > seq,
  }
}
