import { concat, fromHex, toHex } from '../../core/bytes.ts'
import { NetError } from '../errors.ts'
import type { Topic } from '../topics.ts'
import { topicToken } from './proof.ts'
import { paddedTopics, TOKEN_BYTES } from './wire.ts'

export interface TopicChange {
  readonly added: readonly Topic[]
  readonly removed: readonly Topic[]
}

/** Which topics the two sides of one link have both proven to each other. */
export interface Sharing {
  /** Takes over what is configured here now (by hex of id); gives the tokens to tell, and what it changed. */
  ours(topics: ReadonlyMap<string, Topic>): TopicChange & {
    readonly add: Uint8Array
    readonly remove: Uint8Array
  }
  /**
   * Takes over what the other side tells.
   *
   * @throws NetError `net.malformed` ({ reason: 'topics' }) when it tells of more than it may
   */
  theirs(change: { readonly add: Uint8Array; readonly remove: Uint8Array }): TopicChange
  topics(): readonly Topic[]
}

export interface SharingInput {
  readonly self: string
  readonly peer: string
  readonly ownNonce: Uint8Array
  readonly peerNonce: Uint8Array
  /** most topics that the other side may tell of */
  readonly limit: number
  readonly randomBytes: (length: number) => Uint8Array
}

export function createSharing(input: SharingInput): Sharing {
  const { self, peer, ownNonce, peerNonce } = input
  const outward = { from: self, to: peer, fromNonce: ownNonce, toNonce: peerNonce }
  const inward = { from: peer, to: self, fromNonce: peerNonce, toNonce: ownNonce }
  const most = paddedTopics(input.limit)
  const told = new Map<
    string,
    { readonly topic: Topic; readonly outToken: string; readonly inToken: string }
  >()
  const byInToken = new Map<string, string>()
  // Kept whole, known or not: what the other side told once, it does not tell again when we join later.
  const heard = new Set<string>()
  const shared = new Map<string, Topic>()
  /** what filled up the first list: to the other side topics like any other */
  const fillers: string[] = []
  let first = true

  return {
    ours(topics) {
      const add: string[] = []
      const remove: string[] = []
      const change = { added: [] as Topic[], removed: [] as Topic[] }
      for (const [id, { topic, outToken, inToken }] of told) {
        if (topics.has(id)) continue
        remove.push(outToken)
        told.delete(id)
        byInToken.delete(inToken)
        if (shared.delete(id)) change.removed.push(topic)
      }
      for (const [id, topic] of topics) {
        if (told.has(id)) continue
        const outToken = toHex(topicToken(topic, outward))
        const inToken = toHex(topicToken(topic, inward))
        told.set(id, { topic, outToken, inToken })
        byInToken.set(inToken, id)
        add.push(outToken)
        if (!heard.has(inToken)) continue
        shared.set(id, topic)
        change.added.push(topic)
      }
      if (first)
        while (told.size + fillers.length < paddedTopics(topics.size))
          fillers.push(toHex(input.randomBytes(TOKEN_BYTES)))
      if (first) add.push(...fillers)
      first = false
      // They make way for topics where there is no room for both.
      remove.push(...fillers.splice(0, Math.max(0, told.size + fillers.length - most)))
      return { ...change, add: joined(add.sort()), remove: joined(remove) }
    },
    theirs({ add, remove }) {
      const change = { added: [] as Topic[], removed: [] as Topic[] }
      for (const token of split(remove)) {
        heard.delete(token)
        const id = byInToken.get(token)
        const topic = id === undefined ? undefined : shared.get(id)
        if (id === undefined || topic === undefined) continue
        shared.delete(id)
        change.removed.push(topic)
      }
      for (const token of split(add)) {
        heard.add(token)
        if (heard.size > most) throw new NetError('net.malformed', { peer, reason: 'topics' })
        const id = byInToken.get(token)
        const topic = id === undefined ? undefined : told.get(id)?.topic
        if (id === undefined || topic === undefined || shared.has(id)) continue
        shared.set(id, topic)
        change.added.push(topic)
      }
      return change
    },
    topics: () => [...shared.values()],
  }
}

const joined = (tokens: readonly string[]): Uint8Array =>
  concat(tokens.map((token) => fromHex(token) ?? new Uint8Array()))

function* split(tokens: Uint8Array): Generator<string> {
  for (let at = 0; at < tokens.length; at += TOKEN_BYTES) yield toHex(tokens.subarray(at, at + TOKEN_BYTES))
}
