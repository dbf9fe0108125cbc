/** What the Node side may ask of a page that takes part in a replication, or of its worker. All of it is cloneable. */
export interface WorkerCalls {
  /** Starts the page's node, connects it to a relay, and serves what is kept. Gives the peer id and addresses. */
  start(input: StartInput): Promise<{ peer: string; addresses: readonly string[] }>
  /** Takes a CAR in as a file. */
  load(input: { did: string; url: string }): Promise<Taken>
  /** Meets a peer, and waits for the connection that is wanted. */
  meet(input: PeerInput & { path: 'direct' | 'relayed' }): Promise<void>
  /** Takes a repo in from a peer as the engine does. */
  pull(input: PeerInput): Promise<Taken>
  /** Takes a repo in from a peer as one CAR, over `/p2pds/repo-sync/1.0.0`, which the peer gzips or not. */
  pullCar(input: PeerInput & { gzipped: boolean }): Promise<Taken>
  /** Takes so many bytes from the peer that was met, over the product's streams, and drops them. */
  takeBytes(input: { bytes: number }): Promise<Taken>
  /** Takes a repo in from the standard read of a relay's store. */
  pullHttp(input: { did: string; url: string }): Promise<Taken>
  /** Streams, hashes every block, and puts values of 1 MB. */
  floorHttp(input: { url: string }): Promise<Taken>
}

export interface PageCalls {
  /** Long tasks on the page's thread since the last time it was asked, ms. */
  longTasks(): Promise<readonly number[]>
  /** The three steps of a bare data channel: the receiver offers, the sender answers. */
  rtcOffer(): Promise<string>
  rtcAnswer(input: { offer: string; bytes: number }): Promise<string>
  rtcReceive(input: { answer: string; bytes: number }): Promise<Taken>
  /** The sender of a bare WebSocket: so many bytes, at the pace of the receiver. */
  socketSend(input: { url: string; bytes: number }): Promise<void>
  socketReceive(input: { url: string; bytes: number }): Promise<Taken>
}

export interface StartInput {
  readonly relay: { readonly peerId: string; readonly multiaddrs: readonly string[] }
  readonly relayOnly: boolean
  /** where identities are asked for */
  readonly plc: string
}

export interface PeerInput {
  readonly did: string
  readonly peer: string
  readonly addresses: readonly string[]
}

export interface Taken {
  readonly ms: number
  readonly bytes: number
  readonly how?: string
}

export type Calls = WorkerCalls & PageCalls
export type CallName = keyof Calls

declare global {
  // `var`, because only that declares a property of globalThis
  var replica: { call<N extends CallName>(name: N, input: Parameters<Calls[N]>[0]): ReturnType<Calls[N]> }
}
