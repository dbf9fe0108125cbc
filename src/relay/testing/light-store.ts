import { realHost } from '../../net/testing/nodes.ts'
import type { Storage, WriteOp } from '../../storage/port.ts'
import { snapshotKey } from '../../storage/rows.ts'
import { random, sha256 } from '../../storage/testing/node-host.ts'
import type { Store } from '../store/model.ts'

/** What of a repo says that it is kept, and nothing that it would consist of. */
export const lightRows = (did: string): WriteOp[] => [
  { type: 'put', table: 'repos', key: did, value: { did, head: 'a' } },
  { type: 'put', table: 'snapshots', key: snapshotKey(did, 'a'), value: { id: 'a', did, rev: '3l' } },
]

/** What a store shows to its peers, over a storage with such rows. */
export const lightStore = (storage: Storage): Pick<Store, 'host' | 'storage' | 'endpoints'> => ({
  storage,
  host: { ...realHost, storage, sha256, random, fetch },
  endpoints: { plc: '', doh: '', resolver: '', allowLocal: true },
})
