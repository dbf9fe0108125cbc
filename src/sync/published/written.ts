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
    const agent = await session.agent()
    await agent.com.atproto.repo.applyWrites({
      repo: did,
      writes: writes.map((write) =>
        write.action === 'delete'
          ? {
              $type: 'com.atproto.repo.applyWrites#delete',
              collection: write.collection,
              rkey: write.rkey,
            }
          : {
              $type: `com.atproto.repo.applyWrites#${write.action}`,
              collection: write.collection,
              rkey: write.rkey,
              value: write.value,
            },
      ),
    })
  } catch (error) {
    throw callError(error, { did, host: new URL(pds).host })
  }
}
