import type { PlcState } from './operation.ts'

/** A stretch of time in which one key signed an account's commits. */
export interface KeyPeriod {
  readonly didKey: string
  /** ms, inclusive */
  readonly from: number
  /** ms, exclusive; undefined while it is the current key */
  readonly until: number | undefined
}

/**
 * The #atproto key over time, oldest first. Takes the operations that stand (none nullified), so a
 * key that was put in by an operation that was overruled later never counts. A tombstone, or an
 * operation without the key, ends a period and begins none.
 */
export function keyPeriods(
  operations: readonly { readonly state: PlcState | undefined; readonly createdAt: number }[],
): KeyPeriod[] {
  const periods: KeyPeriod[] = []
  for (const { state, createdAt } of operations) {
    const didKey = state?.verificationMethods.get('atproto')
    const open = periods.at(-1)
    if (open?.until === undefined && open?.didKey === didKey) continue
    if (open !== undefined && open.until === undefined)
      periods[periods.length - 1] = { ...open, until: createdAt }
    if (didKey !== undefined) periods.push({ didKey, from: createdAt, until: undefined })
  }
  return periods
}
