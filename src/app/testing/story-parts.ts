import type { Network, PartialCopy, PartialPage, PartialQuery } from '../../cairn/api.ts'
import { readKeepLink } from '../../cairn/network/keep-link.ts'
import { CairnError } from '../../core/errors.ts'
import { MIRELA, NOW, recordAt } from './story-data.ts'
import type { Note } from './story-network.ts'

export const STRANGER_DID = 'did:plc:aaaaaaaaaaaaaaaaaaaaaaaa'
export const HALF_DID = 'did:plc:bbbbbbbbbbbbbbbbbbbbbbbb'

const part = (did: string, collection: string, more: Partial<PartialCopy> = {}): PartialCopy => ({
  did,
  collection,
  handle: undefined,
  rev: '3m7qdxkd2k4s2',
  commit: recordAt(did, 'commit', 1).cid,
  records: 420,
  bytes: 149_940,
  signature: 'current-key',
  takenAt: NOW - 3 * 3_600_000,
  whole: true,
  ...more,
})

/** Single collections in the states that screens must show: whole, empty, and cut off. */
export const PARTS: readonly PartialCopy[] = [
  part(STRANGER_DID, 'app.bsky.feed.post', { handle: 'ines.example' }),
  part(STRANGER_DID, 'app.bsky.graph.list', { handle: 'ines.example', records: 0, bytes: 0 }),
  part(HALF_DID, 'org.garden.recipe', { records: 96, whole: false }),
]

/** A page of an invented part, by the rules of the API. */
export function partPage(parts: readonly PartialCopy[], query: PartialQuery): PartialPage {
  const { did, collection, path, offset = 0, newestFirst = false, limit } = query
  const found = parts.find((each) => each.did === did && each.collection === collection && each.whole)
  if (found === undefined) throw new CairnError('sync.not-kept', { did })
  const total = found.records
  const all = Array.from({ length: total }, (_, index) => recordAt(did, collection, index))
  if (!newestFirst) all.reverse()
  const items =
    path === undefined ? all.slice(offset, offset + limit) : all.filter((item) => item.path === path)
  return { total, items, next: undefined }
}

export function keepPart(note: Note): Network['keepCollection'] {
  return async (input, collection) => {
    await note('keepCollection', undefined)(input, collection)
    if (input.startsWith('nobody')) throw new CairnError('pds.handle-unresolved', { handle: input })
    return { job: 'j', did: readKeepLink(input)?.did ?? (input.startsWith('did:') ? input : MIRELA) }
  }
}

/** A store; with a `token` it admits nobody without that. Tokens are not noted. */
export function storeOf(note: Note, token: string | undefined): Network['keepAtStore'] {
  return async (did, relay, given) => {
    await note('keepAtStore', undefined)(did, relay, ...(given === undefined ? [] : ['with a token']))
    if (token !== undefined && token !== given)
      throw new CairnError('net.refused', { reason: 'store.not-admitted' })
  }
}
