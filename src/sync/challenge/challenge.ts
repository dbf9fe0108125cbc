import { equalBytes } from '../../core/bytes.ts'
import type { CairnError } from '../../core/errors.ts'
import { NetError } from '../../net/errors.ts'
import { createFrameReader } from '../../net/frames.ts'
import { createMessageReader, writeMessage } from '../../net/messages.ts'
import type { ByteStream, Net, Path } from '../../net/net.ts'
import type { Identity } from '../../pds/identity.ts'
import { RepoError } from '../../repo/errors.ts'
import { visit } from '../../repo/mst/read.ts'
import { type RecordProof, verifyProofCar } from '../../repo/proof.ts'
import type { SnapshotRow } from '../../storage/rows.ts'
import { createSegmentReader } from '../../storage/segment-reader.ts'
import { SyncError } from '../errors.ts'
import type { Host } from '../host.ts'
import { judge } from '../judge.ts'
import { snapshotsOf } from '../kept.ts'
import { within } from './deadline.ts'
import {
  CHALLENGE_PROTOCOL,
  commitsShape,
  createAnswerMac,
  macShape,
  MAX_MESSAGE,
  MAX_PATHS,
  MAX_PROOF,
  NONCE_BYTES,
  proofShape,
  type Question,
} from './protocol.ts'

export interface Challenge {
  readonly did: string
  readonly peer: string
  /** multiaddrs of the peer to try besides those that are known */
  readonly addresses?: readonly string[]
  /** how many records are asked for, at most 64; 16 unless told */
  readonly count?: number
  /** from the question's leaving to the answer's end, ms; 10 s unless told */
  readonly deadlineMs?: number
  readonly signal?: AbortSignal
  /** For a repo that is not kept here: paths that it has, and whose signature its commit must have. */
  readonly known?: { readonly paths: readonly string[]; readonly identity: Identity }
}

/** A challenge that was met. */
export interface ChallengeResult {
  readonly did: string
  readonly peer: string
  /** CID of the commit that was asked about, and of the newest that the peer says it holds */
  readonly commit: string
  readonly newest: string
  /** rev of the commit that was asked about */
  readonly rev: string | undefined
  /** records that were proven; none of an empty repo, which proves that it is empty */
  readonly records: number
  /** from the question's leaving to the answer's end */
  readonly ms: number
  readonly path: Path
}

const COUNT = 16
/** Some dozens of blocks through a slow relay; not the fetching of a repo from elsewhere. */
const DEADLINE = 10_000
/** Before the question: opening the stream and learning what the peer holds, ms. */
const GREETING = 30_000

/**
 * Asks a peer to prove that it holds a repo, by random records of the newest snapshot that both hold (or, for
 * a repo that is not kept here, by records known to exist). Every block of every path is checked against
 * the signed commit. See `protocol.ts` for what a pass does not show: a peer that only passes questions on.
 *
 * @throws SyncError `sync.challenge-failed` ({ reason }: `missing` blocks are not there, `absent` the tree has
 * no such record, `proof` a proof does not hold, `mac`, `deadline`), `sync.peer-lacks`, `sync.peer-failed`
 * (too busy), `sync.no-common-root`, `sync.not-kept` (not here either, and no paths given)
 * @throws NetError of opening and reading the stream
 */
export async function challengePeer(host: Host, net: Net, challenge: Challenge): Promise<ChallengeResult> {
  const { did, peer, addresses, signal, known, deadlineMs = DEADLINE } = challenge
  const ours = (await snapshotsOf(host.storage, did)).reverse()
  if (ours.length === 0 && (known?.paths ?? []).length === 0) throw new SyncError('sync.not-kept', { did })
  const failed = (reason: string, cause?: unknown): SyncError =>
    new SyncError('sync.challenge-failed', { peer, did, reason }, { cause })
  const limits = (onLate: () => CairnError) => ({
    signal,
    onLate,
    onAbort: () => new NetError('net.cancelled'),
  })
  const stream = await net.open(peer, CHALLENGE_PROTOCOL, {
    ...(signal === undefined ? {} : { signal }),
    ...(addresses === undefined ? {} : { addresses }),
  })
  let over = false
  try {
    const frames = createFrameReader(stream)
    const late = () => new NetError('net.timeout', { peer, ms: GREETING })
    const commits = await within(host.timers, GREETING, limits(late), async () => {
      await writeMessage(stream, { did })
      return theirCommits(await createMessageReader(stream, commitsShape, MAX_MESSAGE, frames).expect())
    })
    const common = ours.find((it) => commits.includes(it.commitCid))
    if (common === undefined && known === undefined) throw new SyncError('sync.no-common-root', { peer, did })
    const commit = common?.commitCid ?? commits[0] ?? ''
    const paths =
      common === undefined
        ? pick(host, known?.paths ?? [], challenge.count)
        : await randomPaths(host, common, challenge.count)
    const question: Question = {
      did,
      commit,
      paths,
      nonce: nonce(host),
      challenger: net.self,
      responder: peer,
    }
    const from = host.clock.now()
    const proof = await within(
      host.timers,
      deadlineMs,
      limits(() => failed('deadline')),
      async () => {
        await writeMessage(stream, { commit, nonce: question.nonce, paths })
        return readAnswer(host, stream, frames, question, common?.root.records === 0, failed)
      },
    )
    const ms = host.clock.now() - from
    if (common === undefined) await checkAuthor(host, proof, known?.identity, failed)
    over = true
    await stream.closeWrite()
    return {
      did,
      peer,
      commit,
      newest: commits[0] ?? commit,
      rev: proof.commit.rev,
      records: proof.value === undefined ? 0 : paths.length,
      ms,
      path: stream.path,
    }
  } finally {
    if (!over) stream.abort()
  }

  function theirCommits(answer: { commits: string[] } | { refused: 'unknown' | 'busy' }): string[] {
    if ('refused' in answer)
      throw new SyncError(answer.refused === 'busy' ? 'sync.peer-failed' : 'sync.peer-lacks', { peer, did })
    return answer.commits
  }
}

/** Reads and proves the whole answer; gives the last proof, whose commit all share. */
async function readAnswer(
  host: Host,
  stream: ByteStream,
  frames: ReturnType<typeof createFrameReader>,
  question: Question,
  empty: boolean,
  failed: (reason: string, cause?: unknown) => SyncError,
): Promise<RecordProof> {
  const proofs = createMessageReader(stream, proofShape, MAX_PROOF, frames)
  const mac = createAnswerMac(question)
  let last: RecordProof | undefined
  for (const path of question.paths) {
    const { proof: car } = await proofs.expect()
    if (car === undefined) throw failed('missing')
    try {
      last = verifyProofCar({ car, path, did: question.did, sha256: host.sha256 })
    } catch (error) {
      throw error instanceof RepoError ? failed('proof', error) : error
    }
    if (last.commitCid !== question.commit) throw failed('proof')
    mac.proof(car)
    if (last.value === undefined && !empty) throw failed('absent')
  }
  const answer = await createMessageReader(stream, macShape, MAX_MESSAGE, frames).expect()
  if (!equalBytes(answer.mac, mac.end())) throw failed('mac')
  if (last === undefined) throw failed('absent')
  return last
}

/** Of a commit that is not kept here, only a signature tells whose it is. */
async function checkAuthor(
  host: Host,
  { commit, commitCid: cid }: RecordProof,
  identity: Identity | undefined,
  failed: (reason: string, cause?: unknown) => SyncError,
): Promise<void> {
  try {
    const input = { identity, fetchedFromCurrentPds: false, head: undefined, clock: host.clock }
    await judge({ commit: { commit, cid }, ...input })
  } catch (error) {
    throw error instanceof RepoError ? failed('proof', error) : error
  }
}

function nonce(host: Host): Uint8Array<ArrayBuffer> {
  const words = Uint32Array.from({ length: NONCE_BYTES / 4 }, () => host.random())
  return new Uint8Array(words.buffer)
}

/** A whole number below `end`. */
const below = (host: Host, end: number): number => Math.floor((host.random() / 2 ** 32) * end)

/** A path that an empty tree is asked for. */
const NOWHERE = 'app.cairn.none/self'

/** Paths of so many records, each as likely as any other, each once. */
async function randomPaths(host: Host, { did, root }: SnapshotRow, count = COUNT): Promise<string[]> {
  if (root.records === 0) return [NOWHERE]
  const ranks = new Set<number>()
  const wanted = Math.min(count, MAX_PATHS, root.records)
  // Half of a small tree at worst misses: the rest is taken in order.
  for (let tries = 0; ranks.size < wanted && tries < wanted * 4; tries++) ranks.add(below(host, root.records))
  for (let rank = 0; ranks.size < wanted; rank++) ranks.add(rank)
  const reader = createSegmentReader(host.storage, did)
  const paths: string[] = []
  for (const skip of ranks)
    await visit(reader, root, { skip, reverse: false }, ({ key }) => {
      paths.push(key)
      return false
    })
  return paths
}

function pick(host: Host, from: readonly string[], count = COUNT): string[] {
  const left = [...from]
  const out: string[] = []
  while (out.length < Math.min(count, MAX_PATHS) && left.length > 0)
    out.push(...left.splice(below(host, left.length), 1))
  return out
}
