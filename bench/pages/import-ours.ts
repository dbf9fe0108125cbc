import { createSha256, type Lanes, type Sha256 } from '../../src/core/hash.ts'
import { createLanes } from '../../src/core/sha256-lanes.ts'
import { verifySignature } from '../../src/repo/signature.ts'
import { openImport } from '../../src/storage/importer.ts'
import { rehearseImport } from '../../src/storage/rehearsal.ts'
import { openIndexedDb } from '../../src/storage/indexeddb/open.ts'
import type { Storage } from '../../src/storage/port.ts'
import type { SnapshotRow } from '../../src/storage/rows.ts'
import { carChunks } from './car-source.ts'
import type { OurImportInput } from './protocol.ts'
import type { Task } from './worker.ts'

export interface Hashes {
  readonly sha256: Sha256
  readonly lanes?: Lanes
}

/** The product's importer: verified, indexed and durable, with the head moved at the end. */
export const ourImport: Task<'ourImport'> = async (input) => {
  const hashes = await createHashes()
  const prepare = async (name?: string) => {
    const database = name === undefined ? openIndexedDb() : openIndexedDb({ name })
    const [chunks, storage] = await Promise.all([carChunks(input), database])
    return () => importCar({ input, chunks, storage, hashes })
  }
  for (let i = 0; i < (input.before ?? 0); i++) await (await prepare(`before-${i}`))()
  if (input.rehearsed === true) await rehearseImport(hashes, () => false)
  const work = await prepare()
  return async () => {
    const { bytes, records } = await work()
    return { bytes, records }
  }
}

/** What the product's engine hashes with. */
export async function createHashes(): Promise<Hashes> {
  const [sha256, lanes] = await Promise.all([createSha256(), createLanes()])
  return lanes === undefined ? { sha256 } : { sha256, lanes }
}

export async function importCar(parts: {
  readonly input: Pick<OurImportInput, 'did' | 'didKey'>
  readonly chunks: AsyncIterable<Uint8Array<ArrayBuffer>>
  readonly storage: Storage
  readonly hashes: Hashes
  readonly base?: SnapshotRow
}): Promise<{ snapshot: SnapshotRow; bytes: number; records: number }> {
  const { input, storage, base } = parts
  const now = Date.now()
  const session = await openImport({
    storage,
    did: input.did,
    ...parts.hashes,
    random: () => crypto.getRandomValues(new Uint32Array(1))[0] ?? 0,
    now,
    source: 'pds',
    label: 'bench',
    ...(base === undefined ? {} : { base, partial: true }),
    onCommit: async ({ commit }) => {
      const result = await verifySignature(input.didKey, commit.sig, commit.unsigned)
      if (result !== 'valid') throw new Error(`signature: ${result}`)
    },
  })
  for await (const chunk of parts.chunks) await session.write(chunk)
  const snapshot = await session.finish({
    signature: 'current-key',
    signedBy: input.didKey,
    identity: undefined,
    now,
    repo: { upstream: 'active' },
  })
  const { bytes, records } = session.progress
  return { snapshot, bytes, records }
}
