import type { Sha256 } from '../../core/hash.ts'
import { answerGroup, TooMany } from '../digests/answer.ts'
import { headsOfSpace } from './heads.ts'
import { cardsBy, cardsLacking, haveOf, packCids, pagesOf, unpackCids } from './log-page.ts'
import type { ReplicaLog, SpaceReplica } from './model.ts'
import { MAX_TOLD, type Refusal, type RequestOf } from './protocol.ts'

type Answer = Readonly<Record<string, unknown>>

/** What the asker's log lacks, one page of it, and what ours lacks. */
export function answerLog(log: ReplicaLog, request: RequestOf<'log'>, sha256: Sha256): Answer {
  const digest = log.digest()
  const isSame = digest.every((byte, i) => byte === request.digest[i])
  if (isSame) {
    const none = new Uint8Array()
    return { operations: [], cards: [], have: none, lacks: none, more: false, digest }
  }
  const known = unpackCids(request.have).filter((cid) => log.operation(cid) !== undefined)
  const cards = cardsBy(log, request.cards, 'not-among', sha256)
  const page = pagesOf(log, log.after(known), cards).next()
  // A generator of pages has a last one, whatever is in it.
  const found = page.done === true ? undefined : page.value
  return {
    operations: [...(found?.operations ?? [])],
    cards: [...(found?.cards ?? [])],
    have: haveOf(log),
    lacks: cardsLacking(log, request.cards, sha256),
    more: found?.isLast === false,
    digest,
  }
}

/** Takes operations and cards in; what is none of the space changes nothing, and is counted. */
export async function answerGive(
  log: ReplicaLog,
  { operations, cards }: RequestOf<'give'>,
): Promise<{ readonly answer: Answer; readonly refused: number; readonly changed: boolean }> {
  const { changed, refused, missing } = await log.add({ operations, cards })
  const answer = {
    changed,
    refused: refused.slice(0, MAX_TOLD).map(({ what, code }) => ({ what, code: code.slice(0, 64) })),
    missing: packCids(missing.slice(0, MAX_TOLD)),
    digest: log.digest(),
  }
  return { answer, refused: refused.length, changed }
}

/** Heads of the space's repos in buckets that differ: as a group of `/cairn/repo-digests/1.0.0`. */
export async function answerHeads(
  { repos, space }: SpaceReplica,
  { bits, digests, from }: RequestOf<'heads'>,
  sha256: Sha256,
): Promise<Answer> {
  // Read once: they are asked for twice, to compare and to tell.
  const heads = await headsOfSpace(repos, space)
  try {
    return await answerGroup(
      {
        type: 'group',
        group: space,
        bits,
        digests: new Uint8Array(digests),
        ...(from === undefined ? {} : { from }),
      },
      [...heads.keys()],
      { sha256, headsOf: async (ids) => ids.map((id) => heads.get(id)) },
    )
  } catch (error) {
    if (error instanceof TooMany) return { refused: 'too-many' satisfies Refusal }
    throw error
  }
}
