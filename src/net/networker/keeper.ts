import * as v from 'valibot'
import { TOPIC_BYTES, type Topic } from '../topics.ts'
import type { Ban, NetworkerStore } from './model.ts'

/** What is kept over restarts, read and written one after another. */
export interface Keeper {
  /** Rows that make no sense are left out. */
  load(): Promise<{ readonly topics: readonly KeptTopic[]; readonly bans: readonly Ban[] }>
  saveTopic(id: string, kept: KeptTopic): Promise<void>
  removeTopic(id: string): Promise<void>
  saveBan(ban: Ban): Promise<void>
  removeBan(peer: string): Promise<void>
  /** Resolves when all that was asked for before is written. */
  settled(): Promise<void>
}

export interface KeptTopic {
  readonly topic: Topic
  readonly announce: boolean
  readonly lookup: boolean
}

const TOPIC = 'topic/'
const BAN = 'ban/'

const bytes = v.pipe(
  v.custom<Uint8Array>((value) => value instanceof Uint8Array),
  v.check((value) => value.length === TOPIC_BYTES),
)
const topicShape = v.object({ id: bytes, secret: bytes, announce: v.boolean(), lookup: v.boolean() })
const banShape = v.object({
  peer: v.string(),
  until: v.optional(v.number()),
  reason: v.string(),
  from: v.optional(v.number()),
})

/** None of the methods rejects: what fails is told to `failed`, and the session goes on without it. */
export function createKeeper(store: NetworkerStore, failed: (error: Error) => void): Keeper {
  let tail = Promise.resolve()
  const inTurn = (run: () => Promise<void>): Promise<void> => {
    tail = tail.then(run).catch((error: unknown) => {
      failed(error instanceof Error ? error : new Error(String(error)))
    })
    return tail
  }
  return {
    async load() {
      const topics: KeptTopic[] = []
      const bans: Ban[] = []
      await inTurn(async () => {
        for (const { key, value } of await store.load()) {
          const topic = key.startsWith(TOPIC) ? v.safeParse(topicShape, value) : undefined
          if (topic?.success === true) {
            const { id, secret, announce, lookup } = topic.output
            topics.push({ topic: { id, secret }, announce, lookup })
          }
          const ban = key.startsWith(BAN) ? v.safeParse(banShape, value) : undefined
          if (ban?.success === true) {
            const { peer, until, reason, from } = ban.output
            bans.push({ peer, until, reason, ...(from === undefined ? {} : { from }) })
          }
        }
      })
      return { topics, bans }
    },
    saveTopic: (id, { topic, announce, lookup }) =>
      inTurn(() =>
        store.save({ key: TOPIC + id, value: { id: topic.id, secret: topic.secret, announce, lookup } }),
      ),
    removeTopic: (id) => inTurn(() => store.remove(TOPIC + id)),
    saveBan: (ban) => {
      const told = Object.entries(ban).filter(([, value]) => value !== undefined)
      return inTurn(() => store.save({ key: BAN + ban.peer, value: Object.fromEntries(told) }))
    },
    removeBan: (peer) => inTurn(() => store.remove(BAN + peer)),
    settled: () => tail,
  }
}
