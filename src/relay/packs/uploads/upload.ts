import type { UploadRow } from './folder.ts'
import { LIVES_FOR, QUIET_FOR, TOLD_FOR } from './limits.ts'
import type { UploadOutcome } from './take-upload.ts'

/** What a client may know of its upload. */
export interface UploadState {
  readonly id: string
  readonly did: string
  /** of the whole */
  readonly bytes: number
  /** bytes that came; the next one has this number */
  readonly offset: number
  /** `working`: all came, and it is being proven */
  readonly outcome: UploadOutcome | { readonly status: 'receiving' | 'working' }
}

/** An upload as this process knows it. */
export interface Upload {
  readonly id: string
  readonly row: UploadRow
  /** undefined: from before the last start, of nobody known */
  readonly client: string | undefined
  offset: number
  touchedAt: number
  /** room taken for it, bytes */
  held: number
  writer: { readonly stop: () => void; readonly ended: Promise<void> } | undefined
  outcome: UploadState['outcome']
  /** set once all came: resolves when it is known what became of it */
  ended: Promise<void> | undefined
  /** nobody wants to know any more */
  isForgotten: boolean
}

/** One of which nothing came yet. */
export function createUpload(id: string, row: UploadRow, client: string | undefined): Upload {
  return {
    ...{ id, row, client, offset: 0, held: 0 },
    touchedAt: row.createdAt,
    writer: undefined,
    outcome: { status: 'receiving' },
    ended: undefined,
    isForgotten: false,
  }
}

/** It was taken in or refused. */
export const isOver = ({ outcome }: Upload): boolean =>
  outcome.status !== 'receiving' && outcome.status !== 'working'

export const stateOf = ({ id, row, offset, outcome }: Upload): UploadState => ({
  ...{ id, offset, outcome },
  did: row.did,
  bytes: row.bytes,
})

/** It has to go by now. */
export function isDue(it: Upload, now: number): boolean {
  if (isOver(it)) return now - it.touchedAt > TOLD_FOR
  if (it.outcome.status === 'working') return false
  return now - it.touchedAt > QUIET_FOR || now - it.row.createdAt > LIVES_FOR
}
