import type { ManualTimers } from '../../../pds/testing/timers.ts'
import { createManualTimers } from '../../../pds/testing/timers.ts'
import type { Storage } from '../../../storage/port.ts'
import { withLevel } from '../../../storage/testing/node-host.ts'
import type { PublishedState, PublishedView } from '../model.ts'
import { createPublished, type PublishedAgreements } from '../published.ts'
import { CONSENT, OFFER, PEER, type Published, readPublished, type StoredRecord } from '../records.ts'

/** The public records of accounts, as servers have them. */
export interface PublicRecords {
  of(did: string, collection: string): readonly StoredRecord[]
  put(did: string, collection: string, rkey: string, value: unknown): void
  remove(did: string, collection: string, rkey: string): void
  /** accounts whose server does not answer */
  readonly away: Set<string>
}

export interface Side {
  readonly did: string
  readonly storage: Storage
  readonly published: PublishedAgreements
  readonly told: [PublishedView, PublishedState | undefined][]
  readonly purged: string[]
  readonly kept: Set<string>
  /** what the copies say that are kept here, where that is not what the server says */
  readonly copies: Map<string, Published>
  /** what stands in the way of writing */
  refuses: Error | undefined
  state(other: string): Promise<PublishedState | undefined>
}

export interface PublishedWorld {
  readonly records: PublicRecords
  readonly time: ManualTimers
  /** @param after a side whose disk it has */
  side(did: string, after?: Side): Side
}

/** Devices with real disks, signed in to accounts whose servers keep records as they are told to. */
export async function withPublished(use: (world: PublishedWorld) => Promise<void>): Promise<void> {
  const repos = new Map<string, Map<string, unknown>>()
  const away = new Set<string>()
  const records: PublicRecords = {
    away,
    of: (did, collection) =>
      [...(repos.get(did) ?? [])].flatMap(([path, value]) =>
        path.startsWith(`${collection}/`) ? [{ rkey: path.slice(collection.length + 1), value }] : [],
      ),
    put(did, collection, rkey, value) {
      const repo = repos.get(did) ?? new Map<string, unknown>()
      repos.set(did, repo.set(`${collection}/${rkey}`, value))
    },
    remove: (did, collection, rkey) => void repos.get(did)?.delete(`${collection}/${rkey}`),
  }
  const read = (did: string): Published | undefined =>
    away.has(did)
      ? undefined
      : readPublished({
          offers: records.of(did, OFFER),
          consents: records.of(did, CONSENT),
          peers: records.of(did, PEER),
        })
  const time = createManualTimers()
  const ends: (() => void)[] = []
  const opened: Promise<void>[] = []
  const disks: Storage[] = []
  for (let i = 0; i < 3; i++) {
    const ready = Promise.withResolvers<void>()
    const over = Promise.withResolvers<void>()
    ends.push(over.resolve)
    opened.push(
      withLevel(async (storage) => {
        disks.push(storage)
        ready.resolve()
        await over.promise
      }),
    )
    await ready.promise
  }
  try {
    await use({
      records,
      time,
      side(did, after) {
        const storage = after?.storage ?? disks.pop()
        if (storage === undefined) throw new RangeError('three sides are enough')
        const side: Side = {
          did,
          storage,
          told: [],
          purged: [],
          kept: new Set(),
          copies: new Map(),
          refuses: undefined,
          state: async (other) => (await side.published.list()).find((it) => it.other === other)?.state,
          published: createPublished({
            storage,
            clock: time.clock,
            read: async (who, from) => (from === 'any' ? side.copies.get(who) : undefined) ?? read(who),
            ready: async () => {
              if (side.refuses !== undefined) throw side.refuses
            },
            async write(who, writes) {
              if (side.refuses !== undefined) throw side.refuses
              for (const write of writes) {
                const there = records.of(who, write.collection).some((it) => it.rkey === write.rkey)
                // As a server does.
                if (there !== (write.action !== 'create'))
                  throw new RangeError(`${write.action} ${write.rkey}`)
                if (write.action === 'delete') records.remove(who, write.collection, write.rkey)
                else records.put(who, write.collection, write.rkey, write.value)
              }
            },
            accounts: async () => [did],
            kept: async () => [...side.kept],
            device: () => ({ peerId: `peerOf${did.at(-1)}`, multiaddrs: [`/dns4/relay.test/tcp/443/wss`] }),
            onChange: (view, before) => side.told.push([view, before]),
            onConsent: () => {},
            onPurge: async (who) => side.purged.push(who) > 0,
          }),
        }
        return side
      },
    })
  } finally {
    for (const end of ends) end()
    await Promise.all(opened)
  }
}
