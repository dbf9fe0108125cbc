import { createHash } from 'node:crypto'
import { hasCode } from '../../../core/errors.ts'
import { compareRev } from '../../../core/tid.ts'
import { readCarCommit } from '../../../storage/car-commit.ts'
import { pushCodeOf, wasHead } from '../../../sync/packs/accept-pushes.ts'
import type { PushErrorCode } from '../../../sync/packs/push-results.ts'
import type { Store } from '../../store/model.ts'
import type { UploadPlan } from './folder.ts'

/** What became of an upload, in the words that a push is answered with. */
export type UploadOutcome =
  | { readonly status: 'applied' | 'cached' }
  | { readonly status: 'rejected'; readonly code: PushErrorCode }

const rejected = (code: PushErrorCode): UploadOutcome => ({ status: 'rejected', code })

/**
 * Takes a whole CAR in, as if it had been pushed: the repo has to be kept already, its commit to be newer than the
 * kept head's, and everything to be proven. Rejects only with `sync.cancelled`, when the store is closed.
 *
 * @param onFailure hears what went wrong on this side
 */
export async function takeUpload(
  store: Pick<Store, 'head' | 'storage' | 'takeFile'>,
  { did, sha256 }: UploadPlan,
  file: Blob,
  onFailure: (error: unknown) => void,
): Promise<UploadOutcome> {
  try {
    if (sha256 !== undefined && (await hashOf(file)) !== sha256) return rejected('sync.integrity_rejected')
    const { commit, cid } = await readCarCommit(file)
    if (commit.did !== did) return rejected('sync.invalid_request')
    const head = (await store.head(did))?.head
    if (head === undefined) return rejected('sync.not_kept')
    // Said before anything is proven: it is of what is kept here, and changes nothing.
    if (head.commitCid === cid) return { status: 'cached' }
    if (compareRev(commit.rev ?? '', head.rev ?? '') < 0)
      return (await wasHead(store.storage, did, cid)) ? { status: 'cached' } : rejected('sync.stale_rev')
    return { status: (await store.takeFile(did, file, 'upload')) ? 'applied' : 'cached' }
  } catch (error) {
    if (hasCode(error, 'sync.cancelled')) throw error
    const code = refusedFor(error)
    if (code === 'runtime.internal') onFailure(error)
    return rejected(code)
  }
}

function refusedFor(error: unknown): PushErrorCode {
  if (hasCode(error, 'store.limit')) return 'runtime.busy'
  return hasCode(error, 'store.not-kept') ? 'sync.not_kept' : pushCodeOf(error)
}

async function hashOf(file: Blob): Promise<string> {
  const hash = createHash('sha256')
  for await (const part of file.stream()) hash.update(part)
  return hash.digest('hex')
}
