import type { Sha256 } from '../../core/hash.ts'
import { isDid } from '../../core/syntax.ts'
import { NetError } from '../../net/errors.ts'
import { createFrameReader } from '../../net/frames.ts'
import { createMessageReader, writeMessage } from '../../net/messages.ts'
import type { ByteStream, StreamHandler } from '../../net/net.ts'
import type { Timers } from '../../core/timers.ts'
import { find } from '../../repo/mst/read.ts'
import { buildProofCar } from '../../repo/proof.ts'
import type { Storage } from '../../storage/port.ts'
import type { SnapshotRow } from '../../storage/rows.ts'
import { createSegmentReader, type SegmentReader } from '../../storage/segment-reader.ts'
import { snapshotsOf } from '../kept.ts'
import { createSlots, type SlotLimits } from '../repo-sync/slots.ts'
import { within } from './deadline.ts'
import { createAnswerMac, helloShape, MAX_COMMITS, MAX_MESSAGE, questionShape } from './protocol.ts'

/** Answers at once: each reads some dozens of blocks. */
const SLOTS: SlotLimits = { perPeer: 2, inAll: 8 }
/** How long one exchange may take, ms. */
const WHOLE_MS = 60_000

/**
 * Answers challenges from what is kept here. Each block is read and hashed anew; what is gone or damaged is
 * said to be missing. The handler rejects (NetError) on a question that is none, one that comes too
 * slowly, or a lost stream.
 */
export function serveChallenge(options: {
  /** our own peer id */
  readonly self: string
  readonly storage: Storage
  readonly timers: Timers
  readonly sha256: Sha256
  /** whether this peer may have this repo; everyone may have every repo unless told */
  readonly mayRead?: (peer: string, did: string) => boolean | Promise<boolean>
  readonly slots?: SlotLimits
}): StreamHandler {
  const { self, storage, timers, sha256, mayRead } = options
  const slots = createSlots(options.slots ?? SLOTS)

  const answer = async (stream: ByteStream): Promise<void> => {
    const { peer } = stream
    const frames = createFrameReader(stream)
    const { did } = await createMessageReader(stream, helloShape, MAX_MESSAGE, frames).expect()
    const allowed = isDid(did) && (mayRead === undefined || (await mayRead(peer, did)))
    const snapshots = allowed ? (await snapshotsOf(storage, did)).reverse().slice(0, MAX_COMMITS) : []
    if (snapshots.length === 0) return writeMessage(stream, { refused: 'unknown' })
    await writeMessage(stream, { commits: snapshots.map((it) => it.commitCid) })
    const question = await createMessageReader(stream, questionShape, MAX_MESSAGE, frames).read()
    if (question === undefined) return
    const snapshot = snapshots.find((it) => it.commitCid === question.commit)
    const mac = createAnswerMac({ ...question, did, challenger: peer, responder: self })
    const reader = createSegmentReader(storage, did)
    for (const path of question.paths) {
      const proof = snapshot && (await prove(reader, snapshot, path, sha256))
      await writeMessage(stream, proof === undefined ? {} : { proof })
      if (proof === undefined) return
      mac.proof(proof)
    }
    await writeMessage(stream, { mac: mac.end() })
  }

  return async (stream) => {
    const { peer } = stream
    const leave = slots.take(peer)
    try {
      await within(
        timers,
        WHOLE_MS,
        { onLate: () => new NetError('net.timeout', { peer, ms: WHOLE_MS }) },
        () => (leave === undefined ? writeMessage(stream, { refused: 'busy' }) : answer(stream)),
      )
      await stream.closeWrite()
    } finally {
      leave?.()
    }
  }
}

/** Undefined when blocks of it cannot be read. */
async function prove(
  reader: SegmentReader,
  snapshot: SnapshotRow,
  path: string,
  sha256: Sha256,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  try {
    const { entry, path: nodes } = await find(reader, snapshot.root, path)
    const [record] = entry === undefined ? [] : await reader.records([entry.place])
    return buildProofCar({
      commitBytes: snapshot.commit,
      nodes,
      sha256,
      ...(record === undefined ? {} : { record }),
    })
  } catch {
    // Whatever is wrong with the disk, the answer is that the blocks are not there.
    return undefined
  }
}
