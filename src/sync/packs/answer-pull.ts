import { encodePack } from '../../pack/pack-writer.ts'
import type { Subscription, SyncPack } from '../../pack/model.ts'
import { type Caller, type PackSource, type PullAsk, RESPONSE_BYTES } from './model.ts'

/** Subscriptions looked up at once. */
const AT_ONCE = 8
/** Sources that found no room, one after another, before no more are asked: each looks long for what it may not say. */
const MAX_MISSES = AT_ONCE
/** Less room than the smallest answer takes, bytes. */
const SMALLEST = 64

/** A subscription, and the pack that holds it alone. */
export interface Answered {
  readonly subscription: Subscription
  readonly pack: Uint8Array<ArrayBuffer>
}

export interface AnswerPullOptions {
  readonly sources: readonly PackSource[]
  readonly caller: Caller
  /** a source failed at one repo: the others are answered */
  readonly onFailure: (id: string, error: unknown) => void
}

/**
 * Subscriptions for the asks, in their order, as many as one answer has room for. Those left out found none, or
 * their source failed; the first that has an answer may be longer than there is room.
 */
export async function answerPull(asks: readonly PullAsk[], options: AnswerPullOptions): Promise<Answered[]> {
  const answers: Answered[] = []
  let room = RESPONSE_BYTES
  let misses = 0
  let next = 0
  while (next < asks.length && misses < MAX_MISSES && room > SMALLEST) {
    const alone = answers.length === 0
    // Whoever may be longer than all is asked first, so that the others are told what it leaves.
    const batch = asks.slice(next, next + (alone ? 1 : AT_ONCE))
    next += batch.length
    const found = await Promise.all(batch.map((ask) => pullOne(ask, { ...options, room, alone })))
    for (const one of found) {
      if (one === 'failed') continue
      if (one === undefined || (one.pack.length > room && answers.length > 0)) {
        misses++
        continue
      }
      misses = 0
      answers.push(one)
      room -= one.pack.length
    }
  }
  return answers
}

async function pullOne(
  ask: PullAsk,
  context: AnswerPullOptions & { readonly room: number; readonly alone: boolean },
): Promise<Answered | undefined | 'failed'> {
  const { caller, room, alone } = context
  try {
    const source = context.sources.find((it) => it.owns(ask.id))
    const subscription = source === undefined ? notHere(ask) : await source.pull(ask, { caller, room, alone })
    if (subscription === undefined) return undefined
    // Written one by one: it tells the size, and what cannot be written must not spoil the answers of others.
    return { subscription, pack: packOfOne(subscription) }
  } catch (error) {
    context.onFailure(ask.id, error)
    return 'failed'
  }
}

/** A list that was kept for all who ask the same is written once for them, and its bytes go when it goes. */
const written = new WeakMap<Subscription, Uint8Array<ArrayBuffer>>()

function packOfOne(subscription: Subscription): Uint8Array<ArrayBuffer> {
  const pack =
    written.get(subscription) ?? packOf({ ok: true, pull: { ok: true, subscriptions: [subscription] } })
  written.set(subscription, pack)
  return pack
}

/** The bytes of an answer: all rows of a table go as one group, however few, since their bytes can go in no other way. */
export const packOf = (pack: SyncPack): Uint8Array<ArrayBuffer> => encodePack(pack, { groupThreshold: 1 })

const notHere = ({ id, cursor }: PullAsk): Subscription => ({
  id,
  status: 'revoked',
  scopes: {},
  bootstrap: false,
  nextCursor: cursor,
  commits: [],
})
