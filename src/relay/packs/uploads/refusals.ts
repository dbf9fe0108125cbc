import { CairnError } from '../../../core/errors.ts'
import { refusalOf } from '../../../sync/packs/refusal.ts'
import { PackWireError } from '../../../sync/packs/wire-errors.ts'
import type { Refused } from '../send.ts'

const said = (
  status: number,
  error: string,
  category: string,
  [retryable, recommendedAction]: readonly [boolean, string],
  message: string,
): Refused => ({ status, refusal: { error, category, retryable, recommendedAction, message } })

const LATER = [true, 'retryLater'] as const
const ANEW = [false, 'fixRequest'] as const

/** What is told of what an upload is refused for, with the status of HTTP. */
const REFUSED: Readonly<Record<string, Refused>> = {
  'upload.unknown': said(
    404,
    'sync.not_found',
    'not-found',
    ANEW,
    'There is no such upload, or not any more.',
  ),
  'upload.wrong-offset': said(
    409,
    'sync.wrong_offset',
    'invalid-request',
    ANEW,
    'It goes on at another offset.',
  ),
  'upload.too-large': said(
    413,
    'runtime.limit_exceeded',
    'limit-exceeded',
    ANEW,
    'More came than was announced.',
  ),
  'upload.no-room': said(507, 'runtime.limit_exceeded', 'limit-exceeded', LATER, 'There is no room for it.'),
  'upload.too-many': said(429, 'runtime.busy', 'rate-limited', LATER, 'Too many uploads have not ended.'),
  'upload.closed': said(503, 'runtime.busy', 'rate-limited', LATER, 'This relay stops.'),
  'store.not-kept': said(404, 'sync.not_kept', 'not-found', LATER, 'Nothing of this repo is kept here.'),
  'store.quota': said(
    413,
    'runtime.limit_exceeded',
    'limit-exceeded',
    [false, 'reduceInput'],
    'It is more than one repo may have here.',
  ),
  'store.full': said(507, 'runtime.limit_exceeded', 'limit-exceeded', LATER, 'There is no room for it.'),
}

/** Undefined for an error that is not the client's: nothing is told of it. */
export function uploadRefusal(error: unknown): Refused | undefined {
  if (error instanceof PackWireError) return refusalOf(error)
  return error instanceof CairnError ? REFUSED[error.code] : undefined
}
