import type { Session } from '../../pds/account/model.ts'
import { callError } from '../../pds/account/call-error.ts'
import type { RecordWrite } from './writes.ts'

/**
 * Writes to the repo of whoever is signed in, all or nothing.
 *
 * @throws as `callError`
 */
export async function writeRecords(session: Session, writes: readonly RecordWrite[]): Promise<void> {
  const { did, pds } = session
  try {
    await session.call('com.atproto.repo.applyWrites', {
      json: {
        repo: did,
        writes: writes.map((write) => ({
          $type: `com.atproto.repo.applyWrites#${write.action}`,
          collection: write.collection,
          rkey: write.rkey,
          ...(write.action === 'delete' ? {} : { value: write.value }),
        })),
      },
    })
  } catch (error) {
    throw callError(error, { did, host: new URL(pds).host })
  }
}
