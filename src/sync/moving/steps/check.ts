import { getLatestCommit } from '../../../pds/repo.ts'
import { PdsError } from '../../../pds/errors.ts'
import type { Moving, Step, StepOutcome } from '../context.ts'
import { MovingError } from '../errors.ts'
import { missingBlobs } from './blobs.ts'

/** An account that writes faster than it is carried over must be left alone for a moment. */
const MAX_ROUNDS = 5

/** The last look before the identity changes: all of it is there, and the old server has nothing newer. */
export const checkStep: Step = async (moving) => {
  const { did, row, home } = moving
  const { sent } = row
  if (sent === undefined) throw new MovingError('moving.no-copy', { did })
  const again = await againIfNewer(moving)
  if (again !== undefined) return again
  const { data } = await home.call((agent) => agent.com.atproto.server.checkAccountStatus())
  const wrong = (what: string, wanted: unknown, found: unknown): MovingError =>
    new MovingError('moving.incomplete', { host: home.host, what, wanted, found })
  if (data.repoCommit !== sent.commit) throw wrong('commit', sent.commit, data.repoCommit)
  if (data.indexedRecords !== sent.records) throw wrong('records', sent.records, data.indexedRecords)
  const lacking = (await missingBlobs(moving)).length
  if (lacking > 0 && !row.withoutBlobs) throw wrong('blobs', 0, lacking)
  return { facts: { records: data.indexedRecords, blobs: data.importedBlobs, lacking, rounds: row.rounds } }
}

/**
 * What was written at the old server since is carried over too. Looked at again right before the identity changes:
 * a code that comes by mail can take hours.
 */
export async function againIfNewer(moving: Moving): Promise<StepOutcome | undefined> {
  if (!(await hasNewer(moving))) return undefined
  const { did, row } = moving
  if (row.rounds >= MAX_ROUNDS) throw new MovingError('moving.differs', { did, what: 'busy' })
  await moving.change({ rounds: row.rounds + 1 })
  return { again: ['copy', 'repo', 'blobs', 'settings', 'check'] }
}

/** Only a server that helps is asked, and one that does not answer now has shown nothing. */
export async function hasNewer({ did, row, network, signal }: Moving): Promise<boolean> {
  if (row.kind === 'rescue' || row.snapshot !== undefined || row.from === undefined) return false
  try {
    const { cid } = await getLatestCommit(network, { pds: row.from, did, signal })
    return cid !== row.sent?.commit
  } catch (error) {
    signal.throwIfAborted()
    if (error instanceof PdsError) return false
    throw error
  }
}
