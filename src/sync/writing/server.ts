import { textIn } from '../../pds/account/call.ts'
import { callError, isCallError } from '../../pds/account/call-error.ts'
import type { Session } from '../../pds/account/model.ts'
import { isObject } from '../../pds/values.ts'
import { PdsError } from '../../pds/errors.ts'
import { WritingError } from './errors.ts'
import type { DraftRow } from './model.ts'

/** What came of asking a server to write. */
export type WriteAnswer =
  | {
      readonly type: 'written'
      readonly commit: string
      readonly rev: string
      /** CIDs of the records as it has them, in the order asked; undefined where it does not say */
      readonly cids: readonly (string | undefined)[]
    }
  /** the repo has another head than the one that was named */
  | { readonly type: 'moved' }
  /** it will not have it, now or later */
  | { readonly type: 'refused'; readonly error: WritingError }
  /** nothing was written, and trying again later may help, or takes the person */
  | { readonly type: 'not-now'; readonly error: Error }
  /** it was asked, and whether it was done is not known */
  | { readonly type: 'unknown'; readonly error: Error }

/** Statuses below 500 that say nothing about what was asked. */
const NOT_ABOUT_IT: ReadonlySet<number> = new Set([401, 403, 404, 408, 425, 429])

/** Asks the account's server to make these writes in one commit, over the head with this CID and no other. */
export async function applyWrites(
  session: Session,
  rows: readonly DraftRow[],
  swapCommit: string,
): Promise<WriteAnswer> {
  const { did } = session
  const host = new URL(session.pds).host
  try {
    const { commit, results } = await session.call('com.atproto.repo.applyWrites', {
      json: { repo: did, swapCommit, writes: rows.map(writeOf) },
    })
    if (!isObject(commit) || typeof commit['cid'] !== 'string' || typeof commit['rev'] !== 'string') {
      const error = new PdsError('pds.bad-response', { host, reason: 'no-commit' })
      return { type: 'unknown', error }
    }
    const cids = rows.map((_, i) => {
      const result: unknown = Array.isArray(results) ? results[i] : undefined
      return isObject(result) && typeof result['cid'] === 'string' ? result['cid'] : undefined
    })
    return { type: 'written', commit: commit['cid'], rev: commit['rev'], cids }
  } catch (error) {
    if (isCallError(error)) {
      if (error.error === 'InvalidSwap') return { type: 'moved' }
      const refused = refusal(error, host, rows[0]?.path)
      if (refused !== undefined) return { type: 'refused', error: refused }
    }
    const known = callError(error, { did, host })
    // These are said before anything is done.
    const before = known.code.startsWith('account.') || known.code === 'pds.rate-limited'
    const away = isCallError(error) && NOT_ABOUT_IT.has(error.status)
    return { type: before || away ? 'not-now' : 'unknown', error: known }
  }
}

/**
 * Gives a file to the server, which keeps it for a while until a record names it. Returns the type that it told from
 * the bytes: a record must say the same.
 *
 * @throws WritingError `writing.refused`; what `callError` gives
 */
export async function uploadFile(
  session: Session,
  file: Blob,
  mimeType: string,
  path: string,
): Promise<string> {
  const host = new URL(session.pds).host
  try {
    const { blob } = await session.call('com.atproto.repo.uploadBlob', {
      file: { bytes: file, type: mimeType },
    })
    return textIn(isObject(blob) ? blob : {}, 'mimeType')
  } catch (error) {
    throw (
      (isCallError(error) ? refusal(error, host, path) : undefined) ??
      callError(error, { did: session.did, host })
    )
  }
}

function refusal(
  error: { readonly status: number; readonly error: string; readonly message: string },
  host: string,
  path: string | undefined,
): WritingError | undefined {
  const { status } = error
  if (status < 400 || status >= 500 || NOT_ABOUT_IT.has(status)) return undefined
  if (error.error === 'ExpiredToken' || error.error === 'InvalidToken') return undefined
  // An account that is not active is about no record.
  if (/^(Account|Repo)(Takedown|Takendown|Suspended|Deactivated)/.test(error.error)) return undefined
  return new WritingError('writing.refused', {
    host,
    status,
    error: error.error.slice(0, 100),
    message: error.message.slice(0, 256),
    path,
  })
}

function writeOf({ path, value, base }: DraftRow) {
  const slash = path.indexOf('/')
  const [collection, rkey] = [path.slice(0, slash), path.slice(slash + 1)]
  if (value === undefined) {
    return { $type: 'com.atproto.repo.applyWrites#delete' as const, collection, rkey }
  }
  return base === undefined
    ? { $type: 'com.atproto.repo.applyWrites#create' as const, collection, rkey, value }
    : { $type: 'com.atproto.repo.applyWrites#update' as const, collection, rkey, value }
}
