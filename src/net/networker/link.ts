import { toHex } from '../../core/bytes.ts'
import { CairnError } from '../../core/errors.ts'
import { NetError } from '../errors.ts'
import { createFrameReader } from '../frames.ts'
import { decodeMessage } from '../messages.ts'
import type { ByteStream } from '../net.ts'
import { withDeadline } from './deadline.ts'
import { createHeartbeat } from './heartbeat.ts'
import { type Link, type LinkContext, Parting } from './link-model.ts'
import type { Peer, PeerStream } from './model.ts'
import { createOutbox } from './outbox.ts'
import { peerKey } from './peer-key.ts'
import { createSharing, type Sharing, type TopicChange } from './sharing.ts'
import { type Farewell, frameLimit, type Message, messageShape, NONCE_BYTES } from './wire.ts'

/**
 * Runs the networker's protocol on one stream: hello from both sides; `use` from the side with the smaller
 * peer id, so that one side alone chooses among links; topics from both; then whatever comes, until the end.
 */
export function createLink(stream: ByteStream, initiator: boolean, context: LinkContext): Link {
  const { self, timers, clock, limits, hooks } = context
  const id = stream.peer
  const since = clock.now()
  const frames = createFrameReader(stream)
  const limit = frameLimit(limits)
  const processed = Promise.withResolvers<void>()
  const done = Promise.withResolvers<void>()
  const handshake = new AbortController()
  let state: Link['state'] = 'processing'
  let instance: string | undefined
  let number = 0
  let received = 0
  let peer: Peer | undefined
  let sharing: Sharing | undefined
  let farewell: Farewell | undefined
  let shaking: Promise<Sharing> | undefined
  let stopRetiring: (() => void) | undefined

  const outbox = createOutbox({ stream, timers, limits, failed: (error) => close(error) })
  const heartbeat = createHeartbeat({
    timers,
    silentMs: limits.silentMs,
    beat: () => outbox.send({ type: 'alive' }),
    silent: () => close(new NetError('net.timeout', { peer: id, ms: limits.silentMs })),
  })

  const read = async (): Promise<Message | undefined> => {
    const frame = await frames.read(limit)
    if (frame === undefined) return undefined
    received += frame.length
    heartbeat.heard()
    const message = decodeMessage(frame, messageShape, id)
    if (message.type !== 'bye') return message
    farewell = message.reason
    if (isKind(farewell)) return undefined
    throw new NetError('net.refused', { peer: id, reason: farewell })
  }
  const expect = async <K extends Message['type']>(type: K): Promise<Extract<Message, { type: K }>> => {
    for (;;) {
      const message = await read()
      if (isOver()) throw new Parting('closed')
      if (message === undefined) throw new NetError('net.reset', { peer: id })
      // The type has just been compared with K.
      if (message.type === type) return message as Extract<Message, { type: K }>
      if (message.type !== 'alive') throw new NetError('net.malformed', { peer: id, reason: 'order' })
    }
  }
  const tell = (of: Sharing): TopicChange => {
    const { add, remove, ...change } = of.ours(hooks.topics(id))
    if (state === 'processing' || add.length > 0 || remove.length > 0)
      outbox.send({ type: 'topics', add, remove })
    return change
  }

  const shake = async (): Promise<Sharing> => {
    if (id === self) throw new Parting('self')
    const ownNonce = context.randomBytes(NONCE_BYTES)
    outbox.send({ type: 'hello', instance: context.instance, nonce: ownNonce, last: hooks.last(id) })
    const hello = await expect('hello')
    instance = toHex(hello.instance)
    await hooks.admit(link)
    if (isOver()) throw new Parting('closed')
    if (self < id) {
      number = hooks.choose(link, hello.last)
      outbox.send({ type: 'use', link: number })
    } else {
      number = (await expect('use')).link
      hooks.chosen(link)
    }
    const agreed = createSharing({
      self,
      peer: id,
      ownNonce,
      peerNonce: hello.nonce,
      limit: limits.topics,
      randomBytes: context.randomBytes,
    })
    tell(agreed)
    agreed.theirs(await expect('topics'))
    return agreed
  }

  const take = async (message: Message, from: Peer, of: Sharing): Promise<void> => {
    if (message.type === 'topics') {
      const change = of.theirs(message)
      if (change.added.length + change.removed.length > 0) hooks.changed(from, change)
    } else if (message.type === 'extension') {
      if (message.data.length > limits.messageBytes)
        throw new NetError('net.too-large', {
          peer: id,
          bytes: message.data.length,
          limit: limits.messageBytes,
        })
      heartbeat.hold()
      await hooks.extension(from, message.name, message.data)
      heartbeat.heard()
    } else if (message.type !== 'alive') throw new NetError('net.malformed', { peer: id, reason: 'order' })
  }

  const run = async (): Promise<void> => {
    const shaken = withDeadline(timers, limits.handshakeMs, handshake.signal, () => (shaking = shake()))
    const agreed = await shaken
    if (isOver()) return
    state = 'ready'
    sharing = agreed
    peer = createPeer(link, agreed)
    // What was configured while the other side's list was on its way.
    tell(agreed)
    heartbeat.start()
    hooks.ready(link, peer)
    processed.resolve()
    for (let message = await read(); message !== undefined && !isOver(); message = await read())
      await take(message, peer, agreed)
    if (isOver()) return
    // It goes on being used, whoever reads it, until the one that takes its place is ready here too.
    if (farewell === 'replaced' && hooks.isAwaited(link)) return
    close(undefined)
  }
  const isOver = (): boolean => state === 'over'

  /** Told once; then the stream is ended, with a word or without. */
  const close = (error: Error | undefined, word?: Farewell): void => {
    if (state === 'over') return
    state = 'over'
    farewell ??= word
    heartbeat.stop()
    stopRetiring?.()
    handshake.abort(error)
    // Nothing is lost with one that was not used any more.
    hooks.closed(link, peer !== undefined, stopRetiring === undefined ? error : undefined)
    processed.resolve()
    if (error !== undefined && word === undefined) {
      outbox.stop()
      stream.abort(error instanceof CairnError ? error : undefined)
      done.resolve()
    } else void leave(word).then(done.resolve)
  }
  /** Says the word, ends writing, and reads on until the other side ends too, or for as long as that may take. */
  const leave = async (word: Farewell | undefined): Promise<void> => {
    if (word !== undefined) outbox.send({ type: 'bye', reason: word })
    const drain = async (): Promise<void> => {
      await outbox.end()
      // Two readers would take each other's bytes.
      await Promise.allSettled([reading, shaking])
      while ((await stream.read()) !== undefined);
    }
    try {
      await withDeadline(timers, limits.goodbyeMs, new AbortController().signal, drain)
    } catch {
      stream.abort()
    }
    outbox.stop()
  }

  const face: PeerStream = {
    peer: id,
    get remoteAddress() {
      return context.addressOf(link)
    },
    type: stream.path,
    initiator,
    since,
    get received() {
      return received
    },
    get sent() {
      return outbox.sent
    },
    destroy: (error) => close(error, error === undefined ? 'closed' : undefined),
  }
  const link: Link = {
    id,
    stream: face,
    get state() {
      return state
    },
    get instance() {
      return instance
    },
    get number() {
      return number
    },
    get peer() {
      return peer
    },
    get farewell() {
      return farewell
    },
    processed: processed.promise,
    done: done.promise,
    send: (message) => outbox.send(message),
    retell() {
      if (state !== 'ready' || sharing === undefined || peer === undefined) return
      const change = tell(sharing)
      if (change.added.length + change.removed.length > 0) hooks.changed(peer, change)
    },
    part: (reason) => close(undefined, reason),
    retire() {
      if (state !== 'ready' || farewell !== undefined) {
        close(undefined, 'replaced')
        return
      }
      heartbeat.stop()
      stopRetiring = timers.after(limits.handshakeMs, () => close(undefined))
      outbox.send({ type: 'bye', reason: 'replaced' })
      // It does not reject.
      void outbox.end()
    },
    fail: (error) => close(error),
  }
  const reading = run().catch((error: unknown) => {
    if (error instanceof Parting) close(undefined, error.reason)
    else if (farewell !== undefined && isKind(farewell)) close(undefined)
    else close(error instanceof Error ? error : new NetError('net.reset', { peer: id }))
  })
  return link
}

/** Reasons that no one is to blame for. */
const isKind = (reason: Farewell): boolean =>
  reason === 'closed' || reason === 'duplicate' || reason === 'replaced'

const createPeer = (link: Link, sharing: Sharing): Peer => ({
  id: link.id,
  remotePublicKey: peerKey(link.id),
  remoteAddress: link.stream.remoteAddress,
  type: link.stream.type,
  stream: link.stream,
  get topics() {
    return link.state === 'ready' ? sharing.topics() : []
  },
})
