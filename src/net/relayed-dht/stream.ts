import { CairnError } from '../../core/errors.ts'
import type { Timers } from '../../core/timers.ts'
import { NetError } from '../errors.ts'
import { writeFrame } from '../frames.ts'
import type { ByteStream, Path } from '../net.ts'
import type { Agreed } from './handshake.ts'
import { publicKeyOfPeer } from './keys.ts'

/** Bytes of one frame: what a WebRTC message carries, less its own head. */
const FRAME_BYTES = 60 * 1024
/** Bytes held for a reader that is busy; at more nothing is taken from the connection. */
const HELD_BYTES = 256 * 1024

/** A stream to a peer that is known by its public key. End-to-end encrypted; a relay on its way sees neither end's data. */
export interface DhtStream {
  readonly publicKey: Uint8Array
  readonly remotePublicKey: Uint8Array
  /** 32 bytes that both sides have, for this stream only: what a handshake hash serves for */
  readonly handshakeHash: Uint8Array
  readonly path: Path
  /** The next bytes; undefined at their end. @throws NetError `net.reset`, `net.timeout`, `net.malformed` */
  read(): Promise<Uint8Array | undefined>
  /** Resolves when there is room for more. @throws NetError `net.reset`, `net.timeout`, `net.closed` */
  write(bytes: Uint8Array): Promise<void>
  /** Nothing more comes from here; reading goes on. */
  end(): Promise<void>
  /** Ends both directions at once. */
  destroy(error?: CairnError): void
  /** Ends the stream with `net.timeout` when nothing arrives for this long, ms; 0 turns that off. */
  setTimeout(ms: number): void
  /** Sends something after this long without, ms, so that the other side's timeout does not fire; 0: off. */
  setKeepAlive(ms: number): void
  /** resolves when the stream is over, with what ended it early */
  readonly closed: Promise<CairnError | undefined>
}

export interface DhtStreamOptions {
  readonly stream: ByteStream
  readonly agreed: Agreed
  readonly self: string
  readonly timers: Timers
}

export function createDhtStream({ stream, agreed, self, timers }: DhtStreamOptions): DhtStream {
  const { frames, session } = agreed
  const arrived: Uint8Array[] = []
  let held = 0
  let ended = false
  let finished = false
  let failure: CairnError | undefined
  let wake = Promise.withResolvers<void>()
  const over = Promise.withResolvers<CairnError | undefined>()
  let idle = { ms: 0, stop: () => {} }
  let alive = { ms: 0, stop: () => {} }
  let writing: Promise<void> = Promise.resolve()

  const changed = (): void => {
    wake.resolve()
    wake = Promise.withResolvers()
  }
  const close = (): void => {
    idle.stop()
    alive.stop()
    over.resolve(failure)
    changed()
  }
  const destroy = (error: CairnError = new NetError('net.closed')): void => {
    if (failure !== undefined || (ended && finished)) return
    failure = error
    arrived.length = 0
    held = 0
    stream.abort(error)
    close()
  }
  const touch = (): void => {
    idle.stop()
    // A reader that leaves bytes lying is not the other side's silence.
    if (idle.ms === 0 || ended || failure !== undefined || held >= HELD_BYTES) return
    const { ms } = idle
    idle.stop = timers.after(ms, () => destroy(new NetError('net.timeout', { peer: stream.peer, ms })))
  }
  const fill = async (): Promise<void> => {
    try {
      for (;;) {
        while (held >= HELD_BYTES && failure === undefined) await wake.promise
        touch()
        const frame = await frames.read(FRAME_BYTES)
        if (frame === undefined || failure !== undefined) break
        // An empty frame says that the other side is there, and nothing else.
        if (frame.length > 0) arrived.push(frame)
        held += frame.length
        touch()
        changed()
      }
    } catch (error) {
      destroy(error instanceof CairnError ? error : new NetError('net.reset', { peer: stream.peer }))
    }
    ended = true
    idle.stop()
    changed()
    if (finished) close()
  }
  const tick = (): void => {
    alive.stop()
    if (alive.ms === 0 || finished || failure !== undefined) return
    alive.stop = timers.after(alive.ms, () => {
      // A stream that cannot be written to has ended, or is about to.
      send(new Uint8Array()).catch(() => {})
    })
  }
  /** One frame after the other: a large write and a sign of life do not mix. */
  const send = (bytes: Uint8Array): Promise<void> => {
    const sent = writing.then(async () => {
      if (failure !== undefined) throw failure
      if (finished) throw new NetError('net.closed')
      await writeFrame(stream, bytes)
      tick()
    })
    writing = sent.catch(() => {})
    return sent
  }
  // Never rejects: what fails ends the stream.
  void fill()

  return {
    publicKey: publicKeyOfPeer(self),
    remotePublicKey: publicKeyOfPeer(stream.peer),
    handshakeHash: session,
    path: stream.path,
    async read() {
      while (arrived.length === 0 && !ended && failure === undefined) await wake.promise
      if (failure !== undefined) throw failure
      const bytes = arrived.shift()
      held -= bytes?.length ?? 0
      changed()
      return bytes
    },
    async write(bytes) {
      for (let at = 0; at < bytes.length; at += FRAME_BYTES) await send(bytes.subarray(at, at + FRAME_BYTES))
    },
    async end() {
      await writing
      if (finished || failure !== undefined) return
      finished = true
      alive.stop()
      await stream.closeWrite()
      if (ended) close()
    },
    destroy,
    setTimeout(ms) {
      idle.stop()
      idle = { ms, stop: () => {} }
      touch()
    },
    setKeepAlive(ms) {
      alive.stop()
      alive = { ms, stop: () => {} }
      tick()
    },
    closed: over.promise,
  }
}
