import { RECOVERY_WINDOW, type VerifiedPlcLog, type VerifiedPlcOperation } from './log.ts'
import type { PlcState } from './operation.ts'

/** After which operation a rotation key can sign the next one, and what that undoes. */
export interface SigningPlace {
  /** CID of the operation that it follows */
  readonly prev: string
  /** what the identity was after that one */
  readonly state: PlcState
  /** place of the key among the rotation keys there, 0 the most powerful */
  readonly rank: number
  /** operations that it makes void, oldest first: none when it simply follows the newest */
  readonly overrules: readonly VerifiedPlcOperation[]
  /** ms; until when those can be overruled */
  readonly until: number | undefined
}

export type NoPlace =
  /** the key was never among the rotation keys */
  | 'not-listed'
  /** it was taken out by a key above it */
  | 'outranked'
  /** it was taken out more than 72 hours ago */
  | 'too-late'

/**
 * Where a key can sign (did:plc, "Key Rotation & Account Recovery"): after the newest operation while the key is
 * listed there; else in the place of the one that took it out, for 72 hours, when that was signed by a less powerful
 * key.
 *
 * @param now ms
 */
export function whereToSign(
  log: VerifiedPlcLog,
  didKey: string,
  now: number,
): SigningPlace | { readonly problem: NoPlace } {
  const chain = log.operations.filter((it) => !it.nullified)
  const newest = chain.at(-1)
  const place = newest === undefined ? undefined : placeAfter(newest, didKey)
  if (place !== undefined) return { ...place, overrules: [], until: undefined }
  let problem: NoPlace = 'not-listed'
  for (let index = chain.length - 2; index >= 0; index--) {
    const [before, overruled] = [chain[index], chain[index + 1]]
    if (before === undefined || overruled === undefined) break
    const back = placeAfter(before, didKey)
    if (back === undefined) continue
    const until = overruled.createdAt + RECOVERY_WINDOW
    const signer = back.state.rotationKeys.indexOf(overruled.signedBy)
    if (now >= until) return { problem: problem === 'not-listed' ? 'too-late' : problem }
    if (signer > back.rank) return { ...back, overrules: chain.slice(index + 1), until }
    problem = 'outranked'
  }
  return { problem }
}

function placeAfter(
  operation: VerifiedPlcOperation,
  didKey: string,
): Pick<SigningPlace, 'prev' | 'state' | 'rank'> | undefined {
  const rank = operation.state?.rotationKeys.indexOf(didKey) ?? -1
  if (rank < 0 || operation.state === undefined) return undefined
  return { prev: operation.cid, state: operation.state, rank }
}
