import { equalBytes } from '../../core/bytes.ts'
import { hasCode } from '../../core/errors.ts'
import { NetError } from '../../net/errors.ts'
import { createFrameReader } from '../../net/frames.ts'
import { decodeMessage, writeMessage } from '../../net/messages.ts'
import type { StreamHandler } from '../../net/net.ts'
import { isOver, patient } from '../pages/patient.ts'
import { createSlots } from '../repo-sync/slots.ts'
import { answerGive, answerHeads, answerLog } from './answers.ts'
import type { SpaceReplica } from './model.ts'
import { type Keeping, type ServeSpaceOptions, SPACE_LIMITS } from './serve-model.ts'
import { unpackCids, packCids } from './log-page.ts'
import { freshNonce, type Handshake, isProof, proofBytes } from './proof.ts'
import { MAX_MESSAGE_BYTES, type Refusal, type Request, type RequestOf, requestShape } from './protocol.ts'
import { createWhys, type Telling, type Whys } from './why.ts'

export type { KeepAsk, Keeping, ServeSpaceOptions } from './serve-model.ts'

/** What one stream has come to. */
interface Session {
  space: string | undefined
  handshake: Handshake | undefined
  key: string | undefined
  isProven: boolean
  keeping: Keeping | undefined
  telling: Telling
  badProofs: number
  badItems: number
}

/**
 * Serves `/cairn/space/1.0.0`. Nothing of a space is told before the peer has proven that it holds a key that may read,
 * and whether it still may is asked again with each request. Whatever comes, the stream ends typed, and no other is
 * touched.
 */
export function serveSpace(options: ServeSpaceOptions): StreamHandler {
  const { timers, limits = SPACE_LIMITS } = options
  const slots = createSlots(limits)
  const whys = createWhys(timers)
  return async (raw) => {
    const free = slots.take(raw.peer)
    const stream = patient(raw, timers, limits.idleMs)
    const frames = createFrameReader(stream)
    const session = createSession()
    try {
      if (free === undefined) {
        await writeMessage(stream, refuse('too-many'))
        return
      }
      for (let i = 0; i < limits.requests; i++) {
        stream.begin()
        const frame = await frames.read(MAX_MESSAGE_BYTES).catch(isOver)
        if (frame === undefined) return
        const request = readRequest(frame, raw.peer)
        const answer =
          request === undefined
            ? refuse('bad-request')
            : await answerOne(options, whys, session, request, raw.peer)
        await writeMessage(stream, answer)
        if (session.badProofs > limits.badProofs || session.badItems > limits.badItems) return
      }
    } finally {
      stream.release()
      free?.()
      await letGo(session)
    }
  }
}

/** Who asked that the space be kept went, or begins anew, and gave no log that knows it. */
async function letGo(session: Session): Promise<void> {
  const { keeping } = session
  session.keeping = undefined
  await keeping?.abandon()
}

const createSession = (): Session => ({
  space: undefined,
  handshake: undefined,
  key: undefined,
  isProven: false,
  keeping: undefined,
  telling: { left: undefined, isAsked: false },
  badProofs: 0,
  badItems: 0,
})

type Answer = Readonly<Record<string, unknown>>
const refuse = (refused: Refusal): Answer => ({ refused })

function readRequest(frame: Uint8Array, peer: string): Request | undefined {
  try {
    return decodeMessage(frame, requestShape, peer)
  } catch (error) {
    if (error instanceof NetError) return undefined
    throw error
  }
}

async function answerOne(
  options: ServeSpaceOptions,
  whys: Whys,
  session: Session,
  request: Request,
  peer: string,
): Promise<Answer> {
  if (request.type === 'hello') return hello(options, session, request, peer)
  if (request.type === 'prove') return prove(options, session, request, peer)
  const { space } = session
  if (space === undefined || !session.isProven) return refuse('not-proven')
  if (request.type === 'keep') return keep(options, session, request, peer)
  if (request.type === 'forget') return forget(options, session)
  if (request.type === 'why') return why(options, whys, session, request)
  const { sha256, access } = options
  const replica = options.find(space) ?? session.keeping?.replica
  if (replica === undefined) return refuse('not-kept')
  // Who asked that it be kept is not in its log yet, and gives it.
  if (request.type === 'give' && session.keeping !== undefined)
    return give(options, session, replica, request)
  if (!access.mayRead(peer, space)) return refuse(noOf(replica))
  switch (request.type) {
    case 'log':
      // It knows of the members what we know: that we are one of them, too.
      if (equalBytes(request.digest, replica.log.digest())) options.onProven?.(peer, space)
      return answerLog(replica.log, request, sha256)
    case 'give':
      return give(options, session, replica, request)
    case 'heads':
      return answerHeads(replica, request, sha256)
    case 'offer':
      return offer(options, replica, request, peer)
  }
}

/** A device tells nobody which spaces it is in; a store that keeps one has nothing to hide but the answer. */
const noOf = (replica: SpaceReplica): Refusal => (replica.prove === undefined ? 'denied' : 'not-kept')

async function hello(
  { self, random }: ServeSpaceOptions,
  session: Session,
  { space, nonce }: RequestOf<'hello'>,
  peer: string,
): Promise<Answer> {
  // Another space, or the same anew: what was proven before was for that.
  await letGo(session)
  const serverNonce = freshNonce(random)
  Object.assign(session, { ...createSession(), badProofs: session.badProofs, badItems: session.badItems })
  session.space = space
  session.handshake = { space, asker: peer, server: self, askerNonce: nonce.slice(), serverNonce }
  return { nonce: serverNonce }
}

async function prove(
  { access, find, onProven }: ServeSpaceOptions,
  session: Session,
  { key, sig }: RequestOf<'prove'>,
  peer: string,
): Promise<Answer> {
  const { handshake, space } = session
  if (handshake === undefined || space === undefined) return refuse('not-proven')
  // One proof for each handshake.
  session.handshake = undefined
  if (!(await isProof('asker', handshake, { key, sig }))) {
    session.badProofs++
    return refuse('bad-proof')
  }
  session.key = key
  session.isProven = true
  const replica = find(space)
  if (replica === undefined) return refuse('not-kept')
  if (!replica.mayRead(key)) {
    session.badProofs++
    return refuse(noOf(replica))
  }
  access.grant(peer, space, key)
  onProven?.(peer, space)
  const mine = await replica.prove?.(proofBytes('server', handshake))
  return {
    root: rootOf(replica),
    digest: replica.log.digest(),
    store: replica.prove === undefined,
    ...(mine === undefined ? {} : { key: mine.key, sig: mine.sig }),
  }
}

/** For one who was not let in: what it is told ends, or begins, with what it can prove itself. */
async function why(
  { find, onLog }: ServeSpaceOptions,
  whys: Whys,
  { space, key, telling }: Session,
  request: RequestOf<'why'>,
): Promise<Answer> {
  const replica = space === undefined ? undefined : find(space)
  if (replica === undefined || key === undefined) return refuse('not-kept')
  const answer = await whys(replica, key, request, telling)
  if (answer === undefined) return refuse(noOf(replica))
  const { operations, more, in: isIn, changed } = answer
  if (changed) onLog?.(replica.space)
  return { operations: [...operations], more, in: isIn }
}

async function forget({ onForget }: ServeSpaceOptions, { space, key }: Session): Promise<Answer> {
  if (onForget === undefined || space === undefined || key === undefined) return refuse('not-taken')
  const said = await onForget(space, key)
  return said === 'forgotten' ? { forgotten: true } : refuse(said)
}

const rootOf = (replica: SpaceReplica): Uint8Array => packCids([replica.log.root])

async function keep(
  { mayKeep, find }: ServeSpaceOptions,
  session: Session,
  { root, token }: RequestOf<'keep'>,
  peer: string,
): Promise<Answer> {
  const { space, key } = session
  if (mayKeep === undefined || space === undefined || key === undefined) return refuse('not-taken')
  if (session.keeping !== undefined) return { kept: true }
  const known = find(space)
  if (known !== undefined) return known.mayRead(key) ? { kept: true } : refuse(noOf(known))
  const keeping = await mayKeep({ peer, key, space, root: unpackCids(root)[0] ?? '', token })
  if (typeof keeping === 'string') return refuse(keeping)
  session.keeping = keeping
  return { kept: true }
}

async function give(
  { onLog }: ServeSpaceOptions,
  session: Session,
  replica: SpaceReplica,
  request: RequestOf<'give'>,
): Promise<Answer> {
  const given = await answerGive(replica.log, request).catch((error: unknown) => {
    if (isFull(error)) return undefined
    throw error
  })
  if (given === undefined) return refuse('full')
  const { answer, refused, changed } = given
  if (changed) onLog?.(replica.space)
  session.badItems += refused
  // Once the log knows the peer, the space is here to stay.
  if (session.key !== undefined && replica.mayRead(session.key)) session.keeping = undefined
  return answer
}

const isFull = (error: unknown): boolean =>
  ['store.full', 'store.quota', 'storage.quota'].some((code) => hasCode(error, code))

async function offer(
  { takeOffer }: ServeSpaceOptions,
  replica: SpaceReplica,
  { repos }: RequestOf<'offer'>,
  peer: string,
): Promise<Answer> {
  const own = repos.filter((repo) => repo.startsWith(`${replica.space}/`))
  if (takeOffer === undefined || own.length < repos.length) return refuse('not-taken')
  const offered = await takeOffer(peer, replica, own)
  if (offered === undefined) return refuse('too-many')
  const { taken, failed, working } = offered
  return { taken: [...taken], failed: failed.map(({ repo, code }) => ({ repo, code })), working }
}
