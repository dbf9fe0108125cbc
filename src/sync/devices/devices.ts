import type { Clock } from '../../core/clock.ts'
import { hasCode } from '../../core/errors.ts'
import type { Timers } from '../../core/timers.ts'
import type { DeviceKey } from '../../net/identity/device-key.ts'
import type { Net } from '../../net/net.ts'
import type { Networker, Peer, PeerStream } from '../../net/networker/model.ts'
import type { Storage } from '../../storage/port.ts'
import { deviceKeyOf } from './key.ts'
import { createOwnCertificate, LIFE } from './own-certificate.ts'
import { noteOwn, noteProof, peerRow, type Proof } from './peer-rows.ts'
import { askDevice, DEVICE_PROTOCOL, serveDevice } from './protocol.ts'

/** Who proved nothing, or not anew, is asked again after this, ms, while the link lasts. */
const AGAIN = 60 * 60 * 1000
/** How long someone who asks waits for this side to see, too, what both share, ms. */
const SHARED_SOON = 5000
/** For so long who did not say is not asked again for what it wants, ms; and so many are remembered. */
const SILENT_FOR = 60_000
const MAX_SILENT = 1000

export interface DevicesOptions {
  readonly storage: Storage
  readonly net: Net
  readonly timers: Timers
  readonly clock: Clock
  readonly networker: Pick<Networker, 'peers' | 'addEventListener' | 'removeEventListener'>
  /** A peer was proven to belong to a device. */
  readonly onProven: (peer: Peer) => void
  /** Someone who shares no topic may know who we are all the same. */
  readonly isKnown: (peer: string) => Promise<boolean>
}

/** Peers as devices: who vouches for us, and for whom we meet. */
export interface Devices {
  /** Shows the certificate to those who share a topic or are known, until the returned function is called. */
  handle(): () => void
  /**
   * Asks a linked peer which device it belongs to: once a link, and again before the answer ends, or after an
   * hour without one. Resolves when it has answered, or has not: a peer that cannot or will not say is a device
   * of its own. Never rejects.
   */
  meet(peer: Peer): Promise<void>
  /**
   * Whether a peer that is connected belongs to the device that another was proven to belong to (or that same peer
   * says which device it is). It is asked when it has proven nothing that holds now. Never rejects.
   */
  isOfDevice(peer: string, other: string): Promise<boolean>
  /** Stops what is under way, and waits for it. */
  close(): Promise<void>
}

export function createDevices(options: DevicesOptions): Devices {
  const { storage, net, timers, clock, networker, onProven, isKnown } = options
  const over = new AbortController()
  const asked = new WeakSet<PeerStream>()
  const renewals = new Map<PeerStream, () => void>()
  const underWay = new Set<Promise<void>>()
  let own: Promise<{ current(): Promise<Uint8Array> } | undefined> | undefined

  /** `work` rejects with nothing. */
  const owned = (work: Promise<void>): Promise<void> => {
    underWay.add(work)
    void work.then(() => underWay.delete(work))
    return work
  }

  const start = async (): Promise<{ current(): Promise<Uint8Array> }> => {
    const key: DeviceKey = await deviceKeyOf(storage)
    const now = clock.now()
    // The other context of this device finds in here that this peer is none of the others.
    await noteOwn(storage, net.self, { id: key.id, expiresAt: now + LIFE, provenAt: now })
    return createOwnCertificate(key, net.self, clock)
  }

  const shares = (peer: string): boolean =>
    [...networker.peers].some((it) => it.id === peer && it.topics.length > 0)

  /** True as soon as a topic is shared with a peer; both sides do not see it in the same moment. */
  const sharesSoon = (peer: string, signal: AbortSignal): Promise<boolean> => {
    if (shares(peer)) return Promise.resolve(true)
    return new Promise((resolve) => {
      const end = (answer: boolean): void => {
        clear()
        signal.removeEventListener('abort', no)
        for (const event of ['peer-add', 'peer-topics'] as const) networker.removeEventListener(event, look)
        resolve(answer)
      }
      const no = (): void => end(false)
      const look = (): void => {
        if (shares(peer)) end(true)
      }
      const clear = timers.after(SHARED_SOON, no)
      signal.addEventListener('abort', no)
      for (const event of ['peer-add', 'peer-topics'] as const) networker.addEventListener(event, look)
    })
  }

  const ask = async (peer: Peer): Promise<void> => {
    try {
      await prove(peer)
    } catch (error) {
      // What a peer does not speak now it does not speak over this link.
      if (!hasCode(error, 'net.unsupported')) renew(peer, AGAIN)
    }
  }
  const prove = async (peer: Peer): Promise<void> => {
    const { expiresAt } = await learn(peer.id)
    renew(peer, Math.min(LIFE, expiresAt - clock.now()) / 2)
    onProven(peer)
  }
  const learn = async (peer: string): Promise<Proof> => {
    const { device, expiresAt } = await askDevice(net, options, { peer, signal: over.signal })
    const proof = { id: device, expiresAt, provenAt: clock.now() }
    await noteProof(storage, peer, proof)
    return proof
  }
  /** until when those who did not say which device they are, when they wanted something, are not asked again */
  const silent = new Map<string, number>()
  const proofOf = async (peer: string): Promise<Proof> => {
    const proof = (await peerRow(storage, peer))?.device
    return proof !== undefined && proof.expiresAt > clock.now() ? proof : learn(peer)
  }
  const renew = (peer: Peer, ms: number): void => {
    if (over.signal.aborted || !networker.peers.has(peer)) return
    const run = (): void => {
      renewals.delete(peer.stream)
      // It rejects with nothing: `ask` catches.
      void owned(ask(peer))
    }
    renewals.get(peer.stream)?.()
    renewals.set(peer.stream, timers.after(Math.max(ms, AGAIN), run))
  }
  const forget = ({ detail }: { readonly detail: { readonly peer: Peer } }): void => {
    renewals.get(detail.peer.stream)?.()
    renewals.delete(detail.peer.stream)
  }
  networker.addEventListener('peer-remove', forget)

  return {
    handle() {
      // Without a key of its own this context is a device of its own; the network runs all the same.
      own ??= start().catch(() => undefined)
      return net.handle(
        DEVICE_PROTOCOL,
        serveDevice({
          timers,
          mayAsk: async (peer, signal) =>
            (await isKnown(peer)) || sharesSoon(peer, AbortSignal.any([over.signal, signal])),
          certificate: async () => (await own)?.current(),
        }),
      )
    },
    async meet(peer) {
      if (over.signal.aborted || asked.has(peer.stream)) return
      asked.add(peer.stream)
      await owned(ask(peer))
    },
    async isOfDevice(peer, other) {
      if ((silent.get(peer) ?? 0) > clock.now()) return false
      try {
        const { id } = await proofOf(peer)
        // The other need not be there, and has said it once.
        return (await peerRow(storage, other))?.device?.id === id
      } catch {
        // Who does not say is a device of its own.
        if (silent.size >= MAX_SILENT) silent.clear()
        silent.set(peer, clock.now() + SILENT_FOR)
        return false
      }
    },
    async close() {
      over.abort()
      networker.removeEventListener('peer-remove', forget)
      for (const stop of renewals.values()) stop()
      await Promise.all([own, ...underWay])
    },
  }
}
