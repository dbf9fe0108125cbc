import type * as v from 'valibot'
import { CairnError } from '../../core/errors.ts'
import type { Timers } from '../../core/timers.ts'
import { NetError } from '../../net/errors.ts'
import { createFrameReader } from '../../net/frames.ts'
import { decodeMessage, writeMessage } from '../../net/messages.ts'
import type { Net, OpenOptions } from '../../net/net.ts'
import { createLimit } from '../packs/limit.ts'
import { patient } from '../pages/patient.ts'
import { SpaceSyncError } from './errors.ts'
import type { LogPage } from './log-page.ts'
import type { SpaceReplica } from './model.ts'
import { freshNonce, type Handshake, isProof, proofBytes } from './proof.ts'
import {
  challengeShape,
  forgottenShape,
  givenShape,
  headsShape,
  keptShape,
  logShape,
  MAX_MESSAGE_BYTES,
  offeredShape,
  refusalShape,
  type Request,
  SPACE_PROTOCOL,
  welcomeShape,
  whyShape,
} from './protocol.ts'

/** Without a byte for so long a peer counts as silent, ms. */
const IDLE = 30_000

export type Welcome = Omit<v.InferOutput<typeof welcomeShape>, 'key' | 'sig'> & {
  /** the device that it proved to be; undefined for a store */
  readonly key: string | undefined
}

/**
 * Requests about one space over one stream, one at a time. Errors of all: SpaceSyncError `space-sync.not-kept`,
 * `space-sync.denied`, `space-sync.refused` (the client goes on); NetError `net.timeout`, `net.malformed`,
 * `net.too-large`, `net.reset`, `net.cancelled` (it is over).
 */
export interface SpaceClient {
  readonly peer: string
  readonly space: string
  /** Proves to the other side who we are, and has it prove who it is. Throws `space-sync.stranger` for a bad proof. */
  hello(): Promise<Welcome>
  /** the key by which we proved who we are, or tried to, last */
  provenAs(): string | undefined
  /** Asks a store to keep the space; then it is to be given the log, and `hello` again. */
  keep(root: Uint8Array, token: string | undefined): Promise<void>
  log(asked: {
    readonly digest: Uint8Array
    readonly have: Uint8Array
    readonly cards: Uint8Array
  }): Promise<v.InferOutput<typeof logShape>>
  give(page: LogPage): Promise<v.InferOutput<typeof givenShape>>
  /** Asks one who did not let us in by what operations, and gives our join, if any. */
  why(have: Uint8Array, join: Uint8Array | undefined): Promise<v.InferOutput<typeof whyShape>>
  heads(bits: number, digests: Uint8Array, from: number): Promise<v.InferOutput<typeof headsShape>>
  /** Has a store fetch repos from us; it answers within about 10 s, and goes on after. */
  offer(repos: readonly string[]): Promise<v.InferOutput<typeof offeredShape>>
  /** Has a store delete the space, for admins and the authority. */
  forget(): Promise<void>
  /** false when it can be asked no more */
  isOpen(): boolean
  close(): void
}

export interface OpenSpaceOptions extends OpenOptions {
  readonly timers: Timers
  /** 32-bit numbers fit for keys */
  readonly random: () => number
  readonly idleMs?: number
}

/** Opens a stream for one space. Errors: those of `Net.open`. */
export async function openSpace(
  net: Net,
  peer: string,
  { space, prove }: Pick<SpaceReplica, 'space'> & { readonly prove: NonNullable<SpaceReplica['prove']> },
  options: OpenSpaceOptions,
): Promise<SpaceClient> {
  const { timers, random, idleMs = IDLE, ...open } = options
  const stream = patient(await net.open(peer, SPACE_PROTOCOL, open), timers, idleMs)
  const frames = createFrameReader(stream)
  const turn = createLimit(1, Number.POSITIVE_INFINITY)
  let failure: CairnError | undefined
  let provenAs: string | undefined
  const fail = (error: CairnError): void => {
    if (failure !== undefined) return
    failure = error
    stream.release()
    stream.abort(error)
  }
  const onAbort = (): void => fail(new NetError('net.cancelled'))
  options.signal?.addEventListener('abort', onAbort, { once: true })
  if (options.signal?.aborted === true) onAbort()

  const askNow = async <S extends v.GenericSchema>(request: Request, shape: S): Promise<v.InferOutput<S>> => {
    if (failure !== undefined) throw failure
    try {
      await writeMessage(stream, defined(request))
      stream.begin()
      const frame = await frames.expect(MAX_MESSAGE_BYTES)
      const refused = refusalOf(frame, peer)
      if (refused !== undefined) throw refusalError(refused, peer, space)
      return decodeMessage(frame, shape, peer)
    } catch (error) {
      if (error instanceof SpaceSyncError) throw error
      // Whatever is wrong with one message, nothing after it can be read.
      fail(error instanceof CairnError ? error : new NetError('net.reset', { peer }, { cause: error }))
      throw failure ?? error
    }
  }
  // So many may wait as ask: there is always a place in the queue.
  const ask = <S extends v.GenericSchema>(request: Request, shape: S): Promise<v.InferOutput<S>> =>
    turn.run(() => askNow(request, shape)) ?? Promise.reject(new NetError('net.closed'))

  return {
    peer,
    space,
    async hello() {
      const askerNonce = freshNonce(random)
      const { nonce } = await ask({ type: 'hello', space, nonce: askerNonce }, challengeShape)
      const handshake: Handshake = {
        ...{ space, asker: net.self, server: peer, askerNonce },
        serverNonce: nonce,
      }
      const mine = await prove(proofBytes('asker', handshake))
      provenAs = mine.key
      const { key, sig, ...told } = await ask({ type: 'prove', key: mine.key, sig: mine.sig }, welcomeShape)
      if (key === undefined || sig === undefined) return { ...told, key: undefined }
      if (!(await isProof('server', handshake, { key, sig })))
        throw new SpaceSyncError('space-sync.stranger', { peer, space })
      return { ...told, key }
    },
    async keep(root, token) {
      await ask({ type: 'keep', root, ...(token === undefined ? {} : { token }) }, keptShape)
    },
    log: (asked) => ask({ type: 'log', ...asked }, logShape),
    give: ({ operations, cards }) =>
      ask({ type: 'give', operations: [...operations], cards: [...cards] }, givenShape),
    why: (have, join) => ask({ type: 'why', have, join }, whyShape),
    heads: (bits, digests, from) =>
      ask({ type: 'heads', bits, digests, ...(from === 0 ? {} : { from }) }, headsShape),
    offer: (repos) => ask({ type: 'offer', repos: [...repos] }, offeredShape),
    async forget() {
      await ask({ type: 'forget' }, forgottenShape)
    },
    provenAs: () => provenAs,
    isOpen: () => failure === undefined,
    close() {
      options.signal?.removeEventListener('abort', onAbort)
      fail(new NetError('net.closed'))
    },
  }
}

/** The encoder has no word for what is absent. */
const defined = (request: Request): Record<string, unknown> =>
  Object.fromEntries(Object.entries(request).filter(([, value]) => value !== undefined))

/** The other side's word for no; undefined for what is none. */
function refusalOf(frame: Uint8Array, peer: string): string | undefined {
  // A refusal is short: a long frame need not be read twice.
  if (frame.length > 64) return undefined
  try {
    return decodeMessage(frame, refusalShape, peer).refused
  } catch {
    return undefined
  }
}

function refusalError(refused: string, peer: string, space: string): SpaceSyncError {
  if (refused === 'not-kept') return new SpaceSyncError('space-sync.not-kept', { peer, space })
  if (refused === 'denied') return new SpaceSyncError('space-sync.denied', { peer, space })
  return new SpaceSyncError('space-sync.refused', { peer, reason: refused })
}
