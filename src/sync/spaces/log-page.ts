import { concat, toHex } from '../../core/bytes.ts'
import { CODEC_DAG_CBOR, cidString, DIGEST_BYTES, parseCid } from '../../core/cid.ts'
import type { Sha256 } from '../../core/hash.ts'
import type { ReplicaLog } from './model.ts'
import { CARD_NAME_BYTES, MAX_CARDS, MAX_HAVE, PAGE_BYTES } from './protocol.ts'

/** Of an item in a message beside its bytes. */
const ITEM_FRAME = 8
/** Heads that are named; a log with more is told of by what leads to them. */
const HEADS = MAX_HAVE / 2

/** Operations by their CIDs' digests, one after another. */
export const packCids = (cids: readonly string[]): Uint8Array<ArrayBuffer> =>
  concat(cids.flatMap((cid) => parseCid(cid)?.digest ?? []))

export function unpackCids(bytes: Uint8Array): string[] {
  const cids: string[] = []
  for (let at = 0; at < bytes.length; at += DIGEST_BYTES)
    cids.push(cidString(CODEC_DAG_CBOR, bytes.subarray(at, at + DIGEST_BYTES)))
  return cids
}

/**
 * Operations by which another log finds what both have: the heads, and of all that is here the last, the second last,
 * the fourth last and so on. So whatever the two have apart from each other, at most about as much is sent again.
 */
export function haveOf(log: ReplicaLog): Uint8Array<ArrayBuffer> {
  const all = log.after([])
  const named = new Set(log.heads().slice(0, HEADS))
  for (let back = 1; back <= all.length && named.size < MAX_HAVE; back *= 2) {
    const cid = all[all.length - back]
    if (cid !== undefined) named.add(cid)
  }
  return packCids([...named])
}

const nameOf = (card: Uint8Array, sha256: Sha256): Uint8Array => sha256(card).subarray(0, CARD_NAME_BYTES)

/** Cards by the first bytes of their digests. */
export const cardNamesOf = (log: ReplicaLog, sha256: Sha256): Uint8Array<ArrayBuffer> =>
  concat([...log.cards().values()].slice(0, MAX_CARDS).map((card) => nameOf(card, sha256)))

const namesIn = (names: Uint8Array): Set<string> => {
  const found = new Set<string>()
  for (let at = 0; at < names.length; at += CARD_NAME_BYTES)
    found.add(toHex(names.subarray(at, at + CARD_NAME_BYTES)))
  return found
}

/** Cards here that are not, or only those that are, among the names. */
export function cardsBy(
  log: ReplicaLog,
  names: Uint8Array,
  are: 'among' | 'not-among',
  sha256: Sha256,
): Uint8Array[] {
  const known = namesIn(names)
  return [...log.cards().values()].filter(
    (card) => known.has(toHex(nameOf(card, sha256))) === (are === 'among'),
  )
}

/** Of the names, those of no card that is here. */
export function cardsLacking(log: ReplicaLog, names: Uint8Array, sha256: Sha256): Uint8Array<ArrayBuffer> {
  const here = namesIn(cardNamesOf(log, sha256))
  const lacking: Uint8Array[] = []
  for (let at = 0; at < names.length; at += CARD_NAME_BYTES) {
    const name = names.subarray(at, at + CARD_NAME_BYTES)
    if (!here.has(toHex(name))) lacking.push(name)
  }
  return concat(lacking)
}

/** What goes into one message. */
export interface LogPage {
  readonly operations: readonly Uint8Array[]
  readonly cards: readonly Uint8Array[]
}

/** Items in pages of some 512 KiB, operations before cards: a card counts once its device is known. */
export function* pagesOf(
  log: ReplicaLog,
  cids: readonly string[],
  cards: readonly Uint8Array[],
): Generator<LogPage & { readonly isLast: boolean }> {
  let page: { operations: Uint8Array[]; cards: Uint8Array[] } = { operations: [], cards: [] }
  let size = 0
  const isFull = (item: Uint8Array): boolean => size > 0 && size + item.length + ITEM_FRAME > PAGE_BYTES
  const begin = (): void => {
    page = { operations: [], cards: [] }
    size = 0
  }
  for (const cid of cids) {
    const operation = log.operation(cid)
    if (operation === undefined) continue
    if (isFull(operation)) {
      yield { ...page, isLast: false }
      begin()
    }
    page.operations.push(operation)
    size += operation.length + ITEM_FRAME
  }
  for (const card of cards) {
    if (isFull(card)) {
      yield { ...page, isLast: false }
      begin()
    }
    page.cards.push(card)
    size += card.length + ITEM_FRAME
  }
  yield { ...page, isLast: true }
}
