import type { AccountRow } from './model.ts'

/** When a session begins that follows another: never the same time, since it tells the two apart. */
export const beginsAt = (now: number, before: AccountRow | undefined): number =>
  Math.max(now, (before?.signedInAt ?? 0) + 1)

/** A row whose session has ended: it says who it was, and holds nothing to open. */
export const expired = (row: AccountRow): AccountRow => ({
  ...row,
  state: 'expired',
  sealed: undefined,
  key: undefined,
})
