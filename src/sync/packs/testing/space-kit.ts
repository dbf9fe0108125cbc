import { createSha256 } from '../../../core/hash.ts'
import type { Subscription } from '../../../pack/model.ts'
import { decodePack } from '../../../pack/pack-reader.ts'
import { encodePack } from '../../../pack/pack-writer.ts'
import type { JsonObject } from '../../../pack/values.ts'
import type { Storage } from '../../../storage/port.ts'
import type { SpaceHost } from '../../../storage/space/host.ts'
import type { SpaceStore } from '../../../storage/space/store.ts'
import { testStore } from '../../../storage/space/testing/kit.ts'
import { type PackSource, type PullAsk, RESPONSE_BYTES } from '../model.ts'
import { createGzip } from '../space-gzip.ts'
import { spaceSource, type SpaceSourceOptions } from '../space-source.ts'
import type { SpaceAnswerer } from '../space-sync.ts'
import { createSpaceTaker, type SpaceTaker, type SpaceTakerOptions } from '../space-take.ts'

/** A replica: what it keeps, how it answers, how it takes. */
export interface Replica {
  readonly name: string
  readonly store: SpaceStore
  readonly source: PackSource
  readonly taker: SpaceTaker
}

export interface ReplicaOptions {
  readonly name?: string
  readonly host?: Partial<SpaceHost>
  readonly source?: Partial<SpaceSourceOptions>
  readonly taker?: Partial<SpaceTakerOptions>
}

export async function createReplica(storage: Storage, options: ReplicaOptions = {}): Promise<Replica> {
  const { name = 'peer' } = options
  const [store, sha256, gzip] = [await testStore(storage, options.host), await createSha256(), createGzip()]
  const common = { store, sha256, gzip }
  return {
    name,
    store,
    source: spaceSource({ ...common, mayRead: async () => true, pageBytes: 2000, ...options.source }),
    taker: createSpaceTaker({ ...common, ...options.taker }),
  }
}

/** What a liar does to what an honest source answers. */
export interface Tamper {
  answer?(subscription: Subscription, ask: PullAsk): Subscription | Promise<Subscription>
  chunk?(bytes: Uint8Array | undefined, id: string): Uint8Array | undefined | Promise<Uint8Array | undefined>
}

export interface TestAnswerer extends SpaceAnswerer {
  /** answers and chunks that were asked for, in order */
  readonly log: string[]
}

/** A replica as others reach it: asks and answers are bytes on the way. */
export function answererOf(
  { name, source }: Pick<Replica, 'name' | 'source'>,
  tamper: Tamper = {},
): TestAnswerer {
  const caller = { peer: 'receiver' }
  const log: string[] = []
  return {
    peer: name,
    log,
    async pull(sent) {
      const ask = overWire(sent)
      const found = await source.pull(ask, { caller, room: RESPONSE_BYTES, alone: true })
      if (found === undefined) throw new Error('no answer')
      const pack = { ok: true, pull: { ok: true, subscriptions: [found] } }
      const bytes = encodePack(pack, { groupThreshold: 1 })
      const [answer] = decodePack(bytes).pull?.subscriptions ?? []
      if (answer === undefined) throw new Error('no subscription')
      log.push(answer.bootstrap ? `pages ${answer.snapshots?.map((it) => it.table).join()}` : answer.status)
      return tamper.answer === undefined ? answer : tamper.answer(answer, ask)
    },
    async chunk(id, scopes) {
      const bytes = await source.chunk?.(id, scopes, caller)
      return tamper.chunk === undefined ? bytes : tamper.chunk(bytes, id)
    },
  }
}

/** As the request's JSON has it. */
function overWire({ bootstrapState, ...ask }: PullAsk): PullAsk {
  if (bootstrapState === undefined) return ask
  // What was an object of JSON is one.
  return { ...ask, bootstrapState: JSON.parse(JSON.stringify(bootstrapState)) as JsonObject }
}

/** The same storage, which does not wait for the disk. */
export const hasty = (storage: Storage): Storage => ({
  ...storage,
  write: (ops, options) => storage.write(ops, { ...options, durability: 'relaxed' }),
})
