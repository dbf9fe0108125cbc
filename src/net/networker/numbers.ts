/** The number of the link to each peer that was last in use: of the latest peers, so that it stays small. */
export interface Numbers {
  /** 0 when there was none */
  last(peer: string): number
  next(peer: string): number
  set(peer: string, number: number): void
}

export function createNumbers(limit: number): Numbers {
  const numbers = new Map<string, number>()
  const set = (peer: string, number: number): void => {
    // Moves it to the end: the first is the one that was longest without a link.
    numbers.delete(peer)
    numbers.set(peer, number)
    const oldest = numbers.size > limit ? numbers.keys().next() : undefined
    if (oldest?.done === false) numbers.delete(oldest.value)
  }
  const last = (peer: string): number => numbers.get(peer) ?? 0
  return {
    last,
    next(peer) {
      const number = last(peer) + 1
      set(peer, number)
      return number
    },
    set,
  }
}
