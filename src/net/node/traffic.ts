/** Bytes of streams to and from one peer since the first of its present connections was made. */
export interface Traffic {
  readonly received: number
  readonly sent: number
}

export interface TrafficBook {
  of(peer: string): Traffic
  received(peer: string, bytes: number): void
  sent(peer: string, bytes: number): void
  /** The last connection to a peer is gone: counting begins anew with the next. */
  forget(peer: string): void
}

/** What streams moved, per connected peer; what libp2p itself and the encryption add is not counted. */
export function createTrafficBook(): TrafficBook {
  const book = new Map<string, { received: number; sent: number }>()
  const row = (peer: string): { received: number; sent: number } => {
    let found = book.get(peer)
    if (found === undefined) book.set(peer, (found = { received: 0, sent: 0 }))
    return found
  }
  return {
    of: (peer) => ({ received: 0, sent: 0, ...book.get(peer) }),
    received: (peer, bytes) => void (row(peer).received += bytes),
    sent: (peer, bytes) => void (row(peer).sent += bytes),
    forget: (peer) => void book.delete(peer),
  }
}
