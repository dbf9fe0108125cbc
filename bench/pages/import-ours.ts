import { connectBlockCheck, CORES_FOR_CHECKER } from '../../src/cairn/block-checker.ts'
import { createSha256 } from '../../src/core/hash.ts'
import { verifySignature } from '../../src/repo/signature.ts'
import { openImport } from '../../src/storage/importer.ts'
import { openIndexedDb } from '../../src/storage/indexeddb/open.ts'
import type { Storage } from '../../src/storage/port.ts'
import type { SnapshotRow } from '../../src/storage/rows.ts'
import { carChunks } from './car-source.ts'
import type { OurImportInput } from './protocol.ts'
import type { Task } from './worker.ts'

/** The product's importer: verified, indexed and durable, with the head moved at the end. */
export const ourImport: Task<'ourImport'> = async (input) => {
  const [chunks, storage, sha256] = await Promise.all([carChunks(input), openIndexedDb(), createSha256()])
  return async () => {
    const { bytes, records } = await importCar({ input, chunks, storage, sha256 })
    return { bytes, records }
  }
}

function openCheck() {
  const worker = new Worker('/checker.js', { type: 'module' })
  return connectBlockCheck(worker, () => worker.terminate())
}

export async function importCar(parts: {
  readonly input: Pick<OurImportInput, 'did' | 'didKey'>
  readonly chunks: AsyncIterable<Uint8Array<ArrayBuffer>>
  readonly storage: Storage
  readonly sha256: Awaited<ReturnType<typeof createSha256>>
  readonly base?: SnapshotRow
}): Promise<{ snapshot: SnapshotRow; bytes: number; records: number }> {
  const { input, storage, sha256, base } = parts
  const now = Date.now()
  const session = await openImport({
    storage,
    did: input.did,
    sha256,
    random: () => crypto.getRandomValues(new Uint32Array(1))[0] ?? 0,
    now,
    source: 'pds',
    label: 'bench',
    ...(base === undefined ? {} : { base, partial: true }),
    // as the product's engine does it
    ...(base === undefined && navigator.hardwareConcurrency >= CORES_FOR_CHECKER ? { check: openCheck } : {}),
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
