import { hash, randomInt } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Sha256 } from '../../core/hash.ts'
import { verifySignature } from '../../repo/signature.ts'
import { RepoError } from '../../repo/errors.ts'
import { type ImportOptions, type ImportSession, openImport, type SignedCommit } from '../importer.ts'
import { openLevel } from '../level/open.ts'
import type { Storage } from '../port.ts'
import type { SnapshotRow } from '../rows.ts'

export const sha256: Sha256 = (bytes) => hash('sha256', bytes, 'buffer')
export const random = (): number => randomInt(2 ** 32)

/** A real store in a temporary folder, gone after `use`. */
export async function withLevel<T>(use: (storage: Storage, directory: string) => Promise<T>): Promise<T> {
  const directory = await mkdtemp(join(tmpdir(), 'cairn-test-'))
  const storage = await openLevel(directory)
  try {
    return await use(storage, directory)
  } finally {
    await storage.close()
    await rm(directory, { recursive: true, force: true })
  }
}

/** Refuses a commit that this key has not signed. */
function signedBy(didKey: string | undefined): (commit: SignedCommit) => Promise<void> {
  return async ({ commit }) => {
    if (didKey === undefined) return
    const result = await verifySignature(didKey, commit.sig, commit.unsigned)
    if (result === 'high-s') throw new RepoError('repo.high-s')
    if (result !== 'valid') throw new RepoError('repo.bad-signature')
  }
}

export function begin(
  storage: Storage,
  did: string,
  more: Partial<ImportOptions> & { didKey?: string } = {},
): Promise<ImportSession> {
  const { didKey, ...options } = more
  return openImport({
    storage,
    did,
    sha256,
    random,
    now: 1,
    source: 'file',
    label: 'test.car',
    onCommit: signedBy(didKey),
    ...options,
  })
}

let clock = 1000

export function end(session: ImportSession): Promise<SnapshotRow> {
  return session.finish({
    signature: 'current-key',
    signedBy: undefined,
    identity: undefined,
    now: clock++,
    repo: {},
  })
}

export async function importCar(
  storage: Storage,
  did: string,
  car: Iterable<Uint8Array> | Uint8Array,
  more: Partial<ImportOptions> & { didKey?: string } = {},
): Promise<SnapshotRow> {
  const session = await begin(storage, did, more)
  for (const chunk of car instanceof Uint8Array ? [car] : car) await session.write(chunk)
  return end(session)
}
